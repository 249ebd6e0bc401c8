// firstorder/histogram: how many voxels of each region have each intensity, for integer images: the keys of integers are
// consecutive, so a key minus the region's smallest key is the column. One invocation per entry of the voxel list;
// out-of-range invocations do nothing. Twin: in test/firstorder/kernels.test.ts
#import common/grid
#import common/cell
#import common/region

struct Params {
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> keys: array<u32>;
@group(0) @binding(4) var<storage, read> regions: array<Region>;
@group(0) @binding(5) var<storage, read_write> counts: array<atomic<u32>>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let region = region_of(cell);
  atomicAdd(&counts[regions[region].value_first + keys[index] - regions[region].value_low], 1u);
}
