// texture/glcm: grey level co-occurrence counts. One invocation per entry of the voxel list and all offsets: for every
// unidirectional offset whose other end lies in the same region it adds one to (angle, level here, level there).
// The padding of the box is at least as wide as the longest offset, so a neighbour is a fixed step in the linear index.
// Grid: linear over the list; out-of-range invocations do nothing.
// Definition: PyRadiomics glcm.py, cmatrices.c (IBSI 3.6). Twin: test/reference/texture/glcm.ts
#import common/grid
#import common/cell
#import common/region

struct Params {
  length: u32,
  angles: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> steps: array<i32>;  // linear steps of the offsets
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
  let rows = regions[region].rows;
  var row = regions[region].glcm_first + (level_of(cell) - 1u) * rows;
  for (var angle = 0u; angle < params.angles; angle++) {
    let other = cells[u32(i32(index) + steps[angle])];
    if (same_region(cell, other)) { atomicAdd(&counts[row + level_of(other) - 1u], 1u); }
    row += rows * rows;
  }
}
