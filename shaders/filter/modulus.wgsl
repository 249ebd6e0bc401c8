// filter/modulus: the modulus of complex responses, pooled with what earlier runs left. One invocation per voxel;
// out-of-range invocations do nothing. Twin: test/reference/filter/ibsi.ts (Gabor filters)
#import common/grid
#import common/box

struct Params {
  size: vec3u,     // voxels along x, y, z of this part
  pool: u32,       // 0: overwrite, 1: add, 2: keep the larger
  whole: vec3u,    // voxels of the result
  apart: u32,      // from a real to its imaginary part
  first: vec3u,    // the first voxel of the part in the result
  scale: f32,      // factor of the modulus
  strides: vec3u,  // distances of the responses along x, y, z
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> responses: array<f32>;
@group(0) @binding(2) var<storage, read_write> pooled: array<f32>;

override workgroup_size: u32 = 64;

const ADD = 1u;
const MAXIMUM = 2u;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.size.x * params.size.y * params.size.z) { return; }
  let at = position_of(k, params.size);
  let place = dot(at, params.strides);
  let re = responses[place];
  let im = responses[place + params.apart];
  var value = params.scale * sqrt(re * re + im * im);
  let out = dot(params.first + at, vec3u(1u, params.whole.x, params.whole.x * params.whole.y));
  if (params.pool == ADD) { value += pooled[out]; }
  if (params.pool == MAXIMUM) { value = max(value, pooled[out]); }
  pooled[out] = value;
}
