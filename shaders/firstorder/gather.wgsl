// firstorder/gather: the intensity keys of each region, side by side, for images whose values are not small integers.
// The order within a region is not determined; the host sorts them. One invocation per entry of the voxel list;
// out-of-range invocations do nothing. Twin: in test/firstorder/kernels.test.ts
#import common/grid
#import common/cell
#import common/region

struct Params {
  length: u32,
  words: u32,  // words per key, 1 or 2
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> keys: array<u32>;
@group(0) @binding(4) var<storage, read> regions: array<Region>;
@group(0) @binding(5) var<storage, read_write> cursors: array<atomic<u32>>;  // values written so far, by region
@group(0) @binding(6) var<storage, read_write> values: array<u32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let region = region_of(cell);
  let at = regions[region].value_first + atomicAdd(&cursors[region], 1u);
  for (var w = 0u; w < params.words; w++) { values[at * params.words + w] = keys[index * params.words + w]; }
}
