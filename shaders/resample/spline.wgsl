// resample/spline: cubic B-spline interpolation along one axis, prefilter included. One invocation walks one line: upwards it
// writes the causal half of the recursive filter, downwards it has the coefficients and weighs the four around each new
// sample, by tables made in float64 on the host. The line is mirrored about its ends. Of the other axes a box is cut out.
// Few operations, but each depends on the one before: for adapters that have a core per line rather than a thousand.
// Grid: linear over the lines; out-of-range invocations do nothing.
// Definition: Unser 1999 (box 2), itkBSplineDecompositionImageFilter.hxx. Twin: test/reference/resample/interpolate.ts
#import common/columns

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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> first: array<u32>;      // of the four coefficients of each new sample, ascending
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;  // of these, times the gain of the filter
@group(0) @binding(4) var<storage, read_write> causal: array<f32>;
@group(0) @binding(5) var<storage, read_write> resampled: array<f32>;

override workgroup_size: u32 = 64;

const OUTSIDE = 0xffffffffu;
const POLE = -0.2679491924311227;  // sqrt(3) - 2

// Index of the sample that lies `k` beyond the first of a mirrored line.
fn mirrored(k: u32) -> u32 {
  let last = params.count - 1u;
  let phase = k % max(2u * last, 1u);
  return min(phase, 2u * last - phase);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let number = group.y * groups.x + group.x;
  let line = column_of(number, local, workgroup_size, params.lines, 1u);
  if (!line.exists) { return; }
  let old = params.old_base + line.u * params.old_strides.x + line.v * params.old_strides.y;
  var value = 0.0;
  for (var k = params.reach; k > 0u; k--) {
    value = samples[old + mirrored(k) * params.old_step] + POLE * value;
  }
  // A workgroup's lines lie together, so that they stay in a near cache until the way back.
  var kept = number * workgroup_size * params.count + local;
  var at = old;
  var before = value;
  for (var k = 0u; k < params.count; k++) {
    before = value;
    value = samples[at] + POLE * value;
    causal[kept] = value;
    at += params.old_step;
    kept += workgroup_size;
  }
  // As if the anticausal half came from beyond the end, where the line is mirrored.
  value += (value + POLE * before) / (POLE * POLE - 1.0);
  var k = params.count;
  var window = vec4f(0.0);
  var out = params.new_base + line.u * params.new_strides.x + line.v * params.new_strides.y + params.rows * params.new_step;
  for (var row = params.rows; row > 0u; row--) {
    let start = first[row - 1u];
    while (k > start) {
      k--;
      kept -= workgroup_size;
      value = POLE * (value - causal[kept]);
      window = vec4f(value, window.xyz);
    }
    out -= params.new_step;
    resampled[out] = select(dot(weights[row - 1u], window), params.outside, start == OUTSIDE);
  }
}
