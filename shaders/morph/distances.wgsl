// morph/distances: the inverse of the distance between voxels that are (x, y, z) apart, 0 for a voxel and itself, z fastest.
// One invocation per voxel; out-of-range invocations do nothing.
// Twin: test/reference/morph/autocorrelation.ts (the weight of a pair)
#import common/grid

struct Params {
  size: vec3u,
  spacing: vec3f,  // in units of the largest
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> weights: array<f32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  let size = params.size;
  if (k >= size.x * size.y * size.z) { return; }
  let column = k / size.z;
  let apart = vec3f(vec3u(column / size.y, column % size.y, k - column * size.z)) * params.spacing;
  let squared = dot(apart, apart);
  weights[k] = select(0.0, 1.0 / sqrt(squared), squared > 0.0);
}
