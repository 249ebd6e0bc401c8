// filter/gabor: the modulus of the response to a complex kernel in planes, the samples beyond the image already there, and
// pooling with what earlier runs left. One invocation makes four neighbouring results along the first axis of the planes:
// each weight and each sample is read once for the four. The kernel is not turned round as in a convolution, which would
// conjugate the response.
// The kernel is a list of rows along that axis: it is an ellipse, whose bounding square would mostly be empty.
// Grid: linear over groups of four results; out-of-range invocations do nothing.
// Definition: IBSI 2, Gabor filter (Q88H). Twin: test/reference/filter/ibsi.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,      // results
  rows: u32,        // of the kernel
  groups: vec3u,    // of results: a quarter along the first axis of the planes
  along: u32,       // the first axis of the planes
  old_size: vec3u,  // samples; along the first axis enough for whole groups
  pool: u32,        // 0: overwrite, 1: add, 2: keep the larger
  length: u32,      // number of groups
  scale: f32,       // factor of the modulus
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> rows: array<vec4u>;     // distance of the first sample from that of the corner of the
                                                                 // square, number of weights by fours, the first of them, 0
@group(0) @binding(3) var<storage, read> real_weights: array<vec4f>;       // by fours, in the order of the samples
@group(0) @binding(4) var<storage, read> imaginary_weights: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> pooled: array<f32>;

override workgroup_size: u32 = 64;

const ADD = 1u;
const MAXIMUM = 2u;

fn response_of(corner: u32, step: u32) -> vec4f {
  var real = vec4f(0.0);
  var imaginary = vec4f(0.0);
  for (var r = 0u; r < params.rows; r++) {
    let row = rows[r];
    var place = corner + row.x;
    var near = vec4f(0.0, samples[place], samples[place + step], samples[place + 2u * step]);
    place += 3u * step;
    for (var t = row.z; t < row.z + row.y; t++) {
      // Samples 0 to 2 are those of the last turn.
      let far = vec4f(samples[place], samples[place + step], samples[place + 2u * step], samples[place + 3u * step]);
      let second = vec4f(near.zw, far.xy);
      let third = vec4f(near.w, far.xyz);
      let first = vec4f(near.yzw, far.x);
      let re = real_weights[t];
      let im = imaginary_weights[t];
      real += re.x * first + re.y * second + re.z * third + re.w * far;
      imaginary += im.x * first + im.y * second + im.z * third + im.w * far;
      near = far;
      place += 4u * step;
    }
  }
  return params.scale * sqrt(real * real + imaginary * imaginary);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  var at = position_of(k, params.groups);
  at[params.along] *= 4u;
  let old_strides = vec3u(1u, params.old_size.x, params.old_size.x * params.old_size.y);
  let moduli = response_of(dot(at, old_strides), old_strides[params.along]);
  let strides = vec3u(1u, params.size.x, params.size.x * params.size.y);
  var out = dot(at, strides);
  let count = min(4u, params.size[params.along] - at[params.along]);
  for (var i = 0u; i < count; i++) {
    var value = moduli[i];
    if (params.pool == ADD) { value += pooled[out]; }
    if (params.pool == MAXIMUM) { value = max(value, pooled[out]); }
    pooled[out] = value;
    out += strides[params.along];
  }
}
