// texture/glrlm: grey level run lengths. One invocation per entry of the voxel list and all angles: where the voxel before
// it along the angle differs, a run starts here; it is followed to its end and counted under (angle, level, length).
// Bit `angle` of `multi_element` is set where a line along it holds two voxels of the region, adjacent or not.
// Grid: linear over the list; out-of-range invocations do nothing.
// Definition: PyRadiomics glrlm.py, cmatrices.c (IBSI 3.7). Twin: test/reference/texture/glrlm.ts
#import common/grid
#import common/cell
#import common/box
#import common/region

struct Params {
  padded: vec3u,
  length: u32,
  angles: u32,
  rows: u32,     // rows of all regions together
  max_run: u32,  // columns
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<vec4i>;  // x, y, z, linear step
@group(0) @binding(4) var<storage, read> regions: array<Region>;
@group(0) @binding(5) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read_write> multi_element: array<atomic<u32>>;  // bits by region

override workgroup_size: u32 = 64;

// Whether a later voxel of the same line belongs to the region: only asked while no adjacent pair has been seen.
fn more_on_line(index: u32, cell: u32, offset: vec4i) -> bool {
  var at = vec3i(position_of(index, params.padded)) + offset.xyz;
  var step = i32(index) + offset.w;
  while (all(at >= vec3i(0)) && all(at < vec3i(params.padded))) {
    if (same_region(cells[u32(step)], cell)) { return true; }
    at += offset.xyz;
    step += offset.w;
  }
  return false;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let region = region_of(cell);
  let row = regions[region].row_first + level_of(cell) - 1u;
  let seen = atomicLoad(&multi_element[region]);
  for (var angle = 0u; angle < params.angles; angle++) {
    let offset = offsets[angle];
    if ((seen & (1u << angle)) == 0u) {
      let ahead = cells[u32(i32(index) + offset.w)];
      if (same_region(ahead, cell) || more_on_line(index, cell, offset)) { atomicOr(&multi_element[region], 1u << angle); }
    }
    if (cells[u32(i32(index) - offset.w)] == cell) { continue; }
    var at = i32(index) + offset.w;
    var column = (angle * params.rows + row) * params.max_run;
    while (cells[u32(at)] == cell) {
      at += offset.w;
      column++;
    }
    atomicAdd(&counts[column], 1u);
  }
}
