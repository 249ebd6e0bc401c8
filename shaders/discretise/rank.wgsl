// discretise/rank: replaces each grey level by its rank among the levels that occur in its region, so that matrices of
// regions with many, mostly empty, levels stay small. One invocation per entry of the voxel list; out-of-range
// invocations do nothing. Twin: in test/discretise/levels.test.ts
#import common/grid
#import common/cell
#import common/region

struct Params {
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> regions: array<Region>;
@group(0) @binding(3) var<storage, read> ranks: array<u32>;  // rank (1-based) by row of the level histogram
@group(0) @binding(4) var<storage, read_write> cells: array<u32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let row = regions[region_of(cell)].row_first + level_of(cell) - 1u;
  cells[index] = (cell & ~LEVEL_MASK) | ranks[row];
}
