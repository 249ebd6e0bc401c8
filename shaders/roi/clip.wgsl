// roi/clip: takes out of the regions every voxel outside the region's box.
// PyRadiomics crops the mask of its shape features to the box of the resegmented region; this repeats that.
// One invocation per entry of the voxel list; out-of-range invocations do nothing.
// Row of a region in `boxes`: min x, y, z, max x, y, z of the unpadded box, 2 unused.
// Twin: in test/roi/roi.test.ts
#import common/grid
#import common/cell
#import common/box

struct Params {
  padded: vec3u,
  pad: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> boxes: array<u32>;
@group(0) @binding(3) var<storage, read_write> cells: array<u32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let row = region_of(cell) * 8u;
  let at = position_of(index, params.padded) - vec3u(params.pad);
  let low = vec3u(boxes[row], boxes[row + 1u], boxes[row + 2u]);
  let high = vec3u(boxes[row + 3u], boxes[row + 4u], boxes[row + 5u]);
  if (any(at < low) || any(at > high)) { cells[index] = 0u; }
}
