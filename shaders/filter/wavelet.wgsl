// filter/wavelet: both filters of an undecimated wavelet step along one axis. Sample o of a result is the sum over f of
// filter[f] samples[o + taps / 2 - f], indices periodic: PyWavelets' swt of one level. Tables of the host say where samples
// lie, in the order in which PyWavelets adds. In numbers of twice the width (common/twofold), or, as PyWavelets does with
// float32 images, rounded to float32 after every operation.
// One invocation takes up to `strip` samples that follow each other along z, so that positions are divided out once.
// Grid: linear over x, y and strips; out-of-range invocations do nothing. Twin: test/reference/filter/wavelet.ts
#import common/box
#import common/grid
#import common/twofold

struct Params {
  size: vec3u,     // samples of a result
  axis: u32,
  taps: u32,       // coefficients of a filter
  strip: u32,      // samples of an invocation
  length: u32,     // invocations
  has_tails: u32,  // 0: the samples are float32
  single: u32,     // 1: float32 arithmetic, no tails
  bands: u32,      // 1: low pass, 2: high pass, 3: both
  zero: u32,       // 0, unknown to the compiler
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> tails: array<f32>;   // not read without tails
// Offsets in `samples` of the result's x, of its y, of its z, zeros for the axis; then for every position along the axis, of
// every tap, the offset and the coefficient's number.
@group(0) @binding(3) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read> filters: array<vec4f>;  // low and high pass by turns, as add_product takes them
@group(0) @binding(5) var<storage, read_write> low: array<f32>;
@group(0) @binding(6) var<storage, read_write> low_tails: array<f32>;
@group(0) @binding(7) var<storage, read_write> high: array<f32>;
@group(0) @binding(8) var<storage, read_write> high_tails: array<f32>;

override workgroup_size: u32 = 64;

// The two sums of a sample in float32.
fn filter_single(base: u32, row: u32) -> vec2f {
  var sums = vec2f(0.0);
  for (var t = 0u; t < params.taps; t++) {
    let sample = samples[base + places[row + 2u * t]];
    let f = 2u * places[row + 2u * t + 1u];
    sums.x = opaque(sums.x + opaque(filters[f].x * sample));
    sums.y = opaque(sums.y + opaque(filters[f + 1u].x * sample));
  }
  return sums;
}

// The same in numbers of twice the width: high and low word of either.
fn filter_wide(base: u32, row: u32) -> vec4f {
  var low_sum = vec2f(0.0);
  var high_sum = vec2f(0.0);
  for (var t = 0u; t < params.taps; t++) {
    let index = base + places[row + 2u * t];
    var sample = vec2f(samples[index], 0.0);
    if (params.has_tails == 1u) { sample.y = tails[index]; }
    let f = 2u * places[row + 2u * t + 1u];
    if ((params.bands & 1u) != 0u) { low_sum = add_product(low_sum, filters[f], sample); }
    if ((params.bands & 2u) != 0u) { high_sum = add_product(high_sum, filters[f + 1u], sample); }
  }
  return vec4f(two_sum(low_sum.x, low_sum.y), two_sum(high_sum.x, high_sum.y));
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let rows = params.size.x + params.size.y;
  let tables = rows + params.size.z;
  let column = places[at.x] + places[params.size.x + at.y];
  let last = min((at.z + 1u) * params.strip, params.size.z);
  for (var z = at.z * params.strip; z < last; z++) {
    let base = column + places[rows + z];
    let along = select(select(z, at.y, params.axis == 1u), at.x, params.axis == 0u);
    let row = tables + 2u * params.taps * along;
    let out = at.x + params.size.x * (at.y + params.size.y * z);
    if (params.single == 1u) {
      let sums = filter_single(base, row);
      if ((params.bands & 1u) != 0u) { low[out] = sums.x; }
      if ((params.bands & 2u) != 0u) { high[out] = sums.y; }
    } else {
      let sums = filter_wide(base, row);
      if ((params.bands & 1u) != 0u) {
        low[out] = sums.x;
        low_tails[out] = sums.y;
      }
      if ((params.bands & 2u) != 0u) {
        high[out] = sums.z;
        high_tails[out] = sums.w;
      }
    }
  }
}
