// resample/spline-wide: resample/spline in numbers of twice the width (common/twofold), for images of integer types, whose new
// values become whole numbers: there the side of a whole number decides. One invocation walks one line.
// Samples are one word each in the first pass, high and low word in the others; the last writes whole numbers.
// Grid: linear over the lines; out-of-range invocations do nothing.
// Definition: Unser 1999 (box 2), itkBSplineDecompositionImageFilter.hxx. Twin: test/reference/resample/interpolate.ts
#import common/columns
#import common/cast

struct Params {
  lines: vec2u,         // along the two other axes
  count: u32,           // old samples of a line
  rows: u32,            // new samples of a line
  old_strides: vec2u,   // of the two other axes
  old_step: u32,        // along the line
  old_base: u32,        // offset of the first sample of the first line
  new_strides: vec2u,   // likewise of the new samples; steps back are wrapped
  new_step: u32,
  new_base: u32,
  reach: u32,           // samples that the first causal value takes into account
  outside: f32,         // value of new samples outside
  words: u32,           // per old sample
  cast_values: u32,     // 0: two words are written, else one whole number (common/whole)
  low: f32,
  high: f32,
  zero: u32,            // 0, unknown to the compiler
  pole: vec2f,          // sqrt(3) - 2
  end: vec2f,           // 1 / (pole^2 - 1)
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> first: array<u32>;      // of the four coefficients of each new sample, ascending
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;  // high words, low words, times the gain of the filter
@group(0) @binding(4) var<storage, read_write> causal: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> resampled: array<f32>;

override workgroup_size: u32 = 64;

const OUTSIDE = 0xffffffffu;

// Index of the sample that lies `k` beyond the first of a mirrored line.
fn mirrored(k: u32) -> u32 {
  let last = params.count - 1u;
  let phase = k % max(2u * last, 1u);
  return min(phase, 2u * last - phase);
}

fn sample_at(index: u32) -> vec2f {
  let at = index * params.words;
  // The only word of a sample is the high one.
  return vec2f(samples[at], samples[at + params.words - 1u] * f32(params.words - 1u));
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let number = group.y * groups.x + group.x;
  let line = column_of(number, local, workgroup_size, params.lines, 1u);
  if (!line.exists) { return; }
  let old = params.old_base + line.u * params.old_strides.x + line.v * params.old_strides.y;
  var value = vec2f(0.0);
  for (var k = params.reach; k > 0u; k--) {
    value = add2(sample_at(old + mirrored(k) * params.old_step), multiply2(params.pole, value));
  }
  // A workgroup's lines lie together, so that they stay in a near cache until the way back.
  var kept = number * workgroup_size * params.count + local;
  var at = old;
  var before = value;
  for (var k = 0u; k < params.count; k++) {
    before = value;
    value = add2(sample_at(at), multiply2(params.pole, value));
    causal[kept] = value;
    at += params.old_step;
    kept += workgroup_size;
  }
  // As if the anticausal half came from beyond the end, where the line is mirrored.
  value = add2(value, multiply2(params.end, add2(value, multiply2(params.pole, before))));
  var k = params.count;
  var c0 = vec2f(0.0);
  var c1 = vec2f(0.0);
  var c2 = vec2f(0.0);
  var c3 = vec2f(0.0);
  var out = params.new_base + line.u * params.new_strides.x + line.v * params.new_strides.y + params.rows * params.new_step;
  for (var row = params.rows; row > 0u; row--) {
    let start = first[row - 1u];
    while (k > start) {
      k--;
      kept -= workgroup_size;
      value = multiply2(params.pole, add2(value, -causal[kept]));
      c3 = c2;
      c2 = c1;
      c1 = c0;
      c0 = value;
    }
    out -= params.new_step;
    let high = weights[2u * row - 2u];
    let low = weights[2u * row - 1u];
    var sum = add2(multiply2(vec2f(high.x, low.x), c0), multiply2(vec2f(high.y, low.y), c1));
    sum = add2(sum, multiply2(vec2f(high.z, low.z), c2));
    sum = add2(sum, multiply2(vec2f(high.w, low.w), c3));
    if (params.cast_values != 0u) {
      resampled[out] = select(whole_of(sum), params.outside, start == OUTSIDE);
    } else {
      resampled[2u * out] = sum.x;
      resampled[2u * out + 1u] = sum.y;
    }
  }
}
