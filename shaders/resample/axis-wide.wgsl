// resample/axis-wide: resample/axis in numbers of twice the width (common/twofold), for images of integer types, whose new
// values are cut off: there the side of a whole number decides. One invocation per new sample.
// Grid: linear over the new samples; out-of-range invocations do nothing.
// Definition: src/pipeline/resample/interpolators.ts. Twin: test/reference/resample/interpolate.ts
#import common/grid
#import common/box
#import common/cast

struct Params {
  size: vec3u,       // new samples
  axis: u32,
  old_size: vec3u,
  count: u32,        // samples of the stencil
  old_first: vec3u,  // first sample of the box; unused along the axis
  length: u32,       // number of new samples
  has_tails: u32,    // 0: the old samples are float32
  cast_values: u32,  // 1: cut off towards zero, 2: round, halves up; then clamp to `low` to `high`
  low: f32,
  high: f32,
  zero: u32,         // 0, unknown to the compiler
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> tails: array<f32>;
@group(0) @binding(3) var<storage, read> first: array<u32>;
@group(0) @binding(4) var<storage, read> weights: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> resampled: array<f32>;
@group(0) @binding(6) var<storage, read_write> resampled_tails: array<f32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let row = at[params.axis];
  var old = at + params.old_first;
  old[params.axis] = first[row];
  let strides = vec3u(1u, params.old_size.x, params.old_size.x * params.old_size.y);
  let base = dot(old, strides);
  let step = strides[params.axis];
  var sum = vec2f(0.0);
  for (var t = 0u; t < params.count; t++) {
    let index = base + t * step;
    var sample = vec2f(samples[index], 0.0);
    if (params.has_tails == 1u) { sample.y = tails[index]; }
    sum = add2(sum, multiply2(weights[row * params.count + t], sample));
  }
  if (params.cast_values != 0u) {
    resampled[k] = whole_of(sum);
  } else {
    resampled[k] = sum.x;
    resampled_tails[k] = sum.y;
  }
}
