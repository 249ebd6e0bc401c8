// texture/gldm: grey level dependences. One invocation per entry of the voxel list counts its neighbours of the same region
// whose grey level differs by at most alpha, and adds one to (level, that number).
// Grid: linear over the list; out-of-range invocations do nothing.
// Definition: PyRadiomics gldm.py, cmatrices.c (IBSI 3.11 counts one more). Twin: test/reference/texture/gldm.ts
#import common/grid
#import common/cell
#import common/region

struct Params {
  length: u32,
  neighbours: u32,  // bidirectional offsets
  alpha: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> steps: array<i32>;
@group(0) @binding(4) var<storage, read> regions: array<Region>;
@group(0) @binding(5) var<storage, read> grey_levels: array<u32>;  // grey level by row
@group(0) @binding(6) var<storage, read_write> counts: array<atomic<u32>>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let row_first = regions[region_of(cell)].row_first;
  let row = row_first + level_of(cell) - 1u;
  let grey = grey_levels[row];
  var dependent = 0u;
  for (var n = 0u; n < params.neighbours; n++) {
    let other = cells[u32(i32(index) + steps[n])];
    if (params.alpha == 0u) {
      dependent += select(0u, 1u, other == cell);
    } else if (same_region(other, cell)) {
      let there = grey_levels[row_first + level_of(other) - 1u];
      dependent += select(0u, 1u, max(grey, there) - min(grey, there) <= params.alpha);
    }
  }
  atomicAdd(&counts[row * (params.neighbours + 1u) + dependent], 1u);
}
