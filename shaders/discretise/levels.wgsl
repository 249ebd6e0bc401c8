// discretise/levels: the grey level of every voxel of every region: the number of the region's bin edges that are <= the
// voxel's intensity, by binary search over keys (exact, see common/key), and the histogram of the levels.
// NaN is above all edges, as in numpy.digitize. One invocation per entry of the voxel list; out-of-range invocations do
// nothing.
// Definition: PyRadiomics imageoperations.getBinEdges and binImage. Twin: test/reference/discretise/levels.ts
#import common/grid
#import common/cell
#import common/key
#import common/region

struct Params {
  length: u32,
  words: u32,  // words per key and per edge, 1 or 2
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> keys: array<u32>;
@group(0) @binding(3) var<storage, read> regions: array<Region>;
@group(0) @binding(4) var<storage, read> edges: array<u32>;
@group(0) @binding(5) var<storage, read_write> cells: array<u32>;
@group(0) @binding(6) var<storage, read_write> histogram: array<atomic<u32>>;

override workgroup_size: u32 = 64;

fn key_at(index: u32) -> Key {
  if (params.words == 2u) { return Key(keys[index * 2u], keys[index * 2u + 1u]); }
  return Key(keys[index], 0u);
}

fn edge_at(index: u32) -> Key {
  if (params.words == 2u) { return Key(edges[index * 2u], edges[index * 2u + 1u]); }
  return Key(edges[index], 0u);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let region = regions[region_of(cell)];
  let key = key_at(index);
  var low = 0u;
  var high = region.edge_count;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (key_less(key, edge_at(region.edge_first + middle))) { high = middle; } else { low = middle + 1u; }
  }
  cells[index] = (cell & ~LEVEL_MASK) | low;
  atomicAdd(&histogram[region.row_first + low - 1u], 1u);
}
