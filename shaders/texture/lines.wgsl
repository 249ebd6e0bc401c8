// texture/lines: where the lines of a region begin. A line is a row of voxels of one region, one offset apart; it begins at
// a voxel whose predecessor lies outside the region. They depend on the regions alone, so all images share them.
// Entry points, each one invocation per entry of the voxel list and all angles (out-of-range invocations do nothing):
//   count  how many lines begin along each angle, and whether some straight line through the grid holds two voxels of a
//          region, adjacent or not (bit `angle` of `multi_element`)
//   list   the first voxels, those of an angle side by side; their order is not determined
// Definition: PyRadiomics glrlm.py, cmatrices.c. Twin: test/reference/texture/lines.ts
#import common/grid
#import common/cell
#import common/box

struct Params {
  padded: vec3u,
  length: u32,
  angles: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<vec4i>;  // x, y, z, linear step
@group(0) @binding(4) var<storage, read_write> cursors: array<atomic<u32>>;  // by angle: lines, or where the next goes
@group(0) @binding(5) var<storage, read_write> multi_element: array<atomic<u32>>;  // bits by region
@group(0) @binding(6) var<storage, read_write> starts: array<u32>;

override workgroup_size: u32 = 64;

// Whether a later voxel of the same straight line belongs to the region: only asked while no adjacent pair has been seen.
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
fn count(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let region = region_of(cell);
  let seen = atomicLoad(&multi_element[region]);
  for (var angle = 0u; angle < params.angles; angle++) {
    let offset = offsets[angle];
    if ((seen & (1u << angle)) == 0u) {
      let ahead = cells[u32(i32(index) + offset.w)];
      if (same_region(ahead, cell) || more_on_line(index, cell, offset)) { atomicOr(&multi_element[region], 1u << angle); }
    }
    if (!same_region(cells[u32(i32(index) - offset.w)], cell)) { atomicAdd(&cursors[angle], 1u); }
  }
}

@compute @workgroup_size(workgroup_size)
fn list(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  for (var angle = 0u; angle < params.angles; angle++) {
    let before = cells[u32(i32(index) - offsets[angle].w)];
    if (!same_region(before, cell)) { starts[atomicAdd(&cursors[angle], 1u)] = index; }
  }
}
