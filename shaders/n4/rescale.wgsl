// n4/rescale: maps the values inside the mask linearly. One invocation per voxel.
// Grid: linear over the voxels; out-of-range invocations do nothing.
#import common/grid

struct Params {
  length: u32,
  masked: u32,      // 1: `mask` has one bit per voxel
  origin: f32,      // value that becomes `target_low`
  slope: f32,
  target_low: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read_write> image: array<f32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = linear_invocation(group, groups, local, workgroup_size);
  if (i >= params.length) { return; }
  if (params.masked == 1u && ((mask[i >> 5u] >> (i & 31u)) & 1u) == 0u) { return; }
  image[i] = params.target_low + (image[i] - params.origin) * params.slope;
}
