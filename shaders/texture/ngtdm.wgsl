// texture/ngtdm: neighbourhood grey tone differences, exactly. One invocation per entry of the voxel list: with c neighbours
// in its region and S the sum of their grey levels, it adds |c * level - S| to (level, c); the difference from the mean is
// that over c, divided in float64 on the host. Sums are 64-bit pairs.
// Grid: linear over the list; out-of-range invocations do nothing.
// Definition: PyRadiomics ngtdm.py, cmatrices.c (IBSI 3.10). Twin: test/reference/texture/ngtdm.ts
#import common/grid
#import common/cell
#import common/region
#import common/add64

struct Params {
  length: u32,
  neighbours: u32,
  ranked: u32,  // 1 where the low half of a cell is a rank, to be looked up in `grey_levels`
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> steps: array<i32>;
@group(0) @binding(4) var<storage, read> regions: array<Region>;
@group(0) @binding(5) var<storage, read> grey_levels: array<u32>;
@group(0) @binding(6) var<storage, read_write> sums: array<atomic<u32>>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let row_first = regions[region_of(cell)].row_first;
  var count = 0u;
  var total = 0u;
  for (var n = 0u; n < params.neighbours; n++) {
    let other = cells[u32(i32(index) + steps[n])];
    if (same_region(other, cell)) {
      count++;
      if (params.ranked == 1u) { total += grey_levels[row_first + level_of(other) - 1u]; } else { total += level_of(other); }
    }
  }
  if (count == 0u) { return; }
  let row = row_first + level_of(cell) - 1u;
  let scaled = count * grey_levels[row];
  let difference = max(scaled, total) - min(scaled, total);
  if (difference > 0u) { add64(2u * (row * params.neighbours + count - 1u), difference); }
}
