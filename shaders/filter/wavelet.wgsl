// filter/wavelet: both filters of an undecimated wavelet step along one axis. Sample o of a result is the sum over f of
// filter[f] samples[o + taps / 2 - f], indices periodic: PyWavelets' swt of one level. A table of the host says where the
// samples lie. In numbers of twice the width (common/twofold), or, as PyWavelets does with float32 images, rounded to
// float32 after every operation, in its order.
// One invocation makes pairs of neighbours along the axis, which share all samples but one, up to `strip` pairs that follow
// each other along y, so that positions are divided out once. (Along z they would be whole planes apart, which share the
// places of a cache where planes have a size of a power of two.)
// Grid: linear over x, strips along y, and z of the pairs; out-of-range invocations do nothing.
// Twin: test/reference/filter/wavelet.ts
#import common/box
#import common/grid
#import common/twofold

struct Params {
  size: vec3u,     // samples of a result
  axis: u32,
  pairs: vec3u,    // the same, halved along the axis and rounded up
  taps: u32,       // coefficients of a filter
  first: u32,      // first position along the axis in the period
  period: u32,     // of the axis
  strip: u32,      // pairs of an invocation
  strips: u32,     // along y
  length: u32,     // invocations
  has_tails: u32,  // 0: the samples are float32
  single: u32,     // 1: float32 arithmetic, no tails
  bands: u32,      // 1: low pass, 2: high pass, 3: both
  zero: u32,       // 0, unknown to the compiler
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> tails: array<f32>;  // not read without tails
// Offsets in `samples` of the pairs' x, of their y, of their z, zeros for the axis; then the samples along the axis from the
// last of the first result on.
@group(0) @binding(3) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read> filters: array<vec4f>;  // low pass and high pass, two words each
@group(0) @binding(5) var<storage, read_write> low: array<f32>;
@group(0) @binding(6) var<storage, read_write> low_tails: array<f32>;
@group(0) @binding(7) var<storage, read_write> high: array<f32>;
@group(0) @binding(8) var<storage, read_write> high_tails: array<f32>;

override workgroup_size: u32 = 64;

// Sums of the low and the high pass: high words side by side, then low words.
struct Sums {
  words: vec2f,
  rests: vec2f,
}

// Coefficients of both filters, as add_product takes them.
struct Pair {
  low: vec4f,
  high: vec4f,
}

fn factor(words: vec2f) -> vec4f {
  let upper_bits = upper(words.x);
  return vec4f(words, upper_bits, words.x - upper_bits);
}

fn coefficients(f: u32) -> Pair {
  return Pair(factor(filters[f].xy), factor(filters[f].zw));
}

fn add_wide(sums: Sums, pair: Pair, sample: vec2f) -> Sums {
  let low_sum = add_product(vec2f(sums.words.x, sums.rests.x), pair.low, sample);
  let high_sum = add_product(vec2f(sums.words.y, sums.rests.y), pair.high, sample);
  return Sums(vec2f(low_sum.x, high_sum.x), vec2f(low_sum.y, high_sum.y));
}

fn sample_at(index: u32) -> vec2f {
  if (params.has_tails == 1u) { return vec2f(samples[index], tails[index]); }
  return vec2f(samples[index], 0.0);
}

fn normal(sums: Sums) -> Sums {
  let low_sum = two_sum(sums.words.x, sums.rests.x);
  let high_sum = two_sum(sums.words.y, sums.rests.y);
  return Sums(vec2f(low_sum.x, high_sum.x), vec2f(low_sum.y, high_sum.y));
}

fn add_single(sums: vec2f, f: u32, sample: f32) -> vec2f {
  let low_product = opaque(filters[f].x * sample);
  let high_product = opaque(filters[f].z * sample);
  return vec2f(opaque(sums.x + low_product), opaque(sums.y + high_product));
}

// One sample in float32. Past the end of the period PyWavelets begins with the coefficients that wrap round, from the end
// of the line on. @param table of the sample of the first coefficient; the others lie before it
fn filter_single(base: u32, table: u32, along: u32) -> vec2f {
  let wrapped = i32((params.first + along) % params.period + params.taps / 2u) - i32(params.period);
  var sums = vec2f(0.0);
  for (var f = wrapped; f >= 0; f--) {
    sums = add_single(sums, u32(f), samples[base + places[table - u32(f)]]);
  }
  for (var f = 0u; f < params.taps; f++) {
    if (i32(f) > wrapped) { sums = add_single(sums, f, samples[base + places[table - f]]); }
  }
  return sums;
}

fn store(index: u32, sums: Sums) {
  if ((params.bands & 1u) != 0u) {
    low[index] = sums.words.x;
    if (params.single == 0u) { low_tails[index] = sums.rests.x; }
  }
  if ((params.bands & 2u) != 0u) {
    high[index] = sums.words.y;
    if (params.single == 0u) { high_tails[index] = sums.rests.y; }
  }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let column = position_of(k, vec3u(params.pairs.x, params.strips, params.pairs.z));
  let scale = vec3u(1u) + vec3u(vec3u(0u, 1u, 2u) == vec3u(params.axis));
  let step = select(select(params.size.x * params.size.y, params.size.x, params.axis == 1u), 1u, params.axis == 0u);
  let rows = params.pairs.x + params.pairs.y;
  let column_base = places[column.x] + places[rows + column.z];
  let last = min((column.y + 1u) * params.strip, params.pairs.y);
  for (var y = column.y * params.strip; y < last; y++) {
    let at = vec3u(column.x, y, column.z) * scale;
    let base = column_base + places[params.pairs.x + y];
    let along = select(select(at.z, at.y, params.axis == 1u), at.x, params.axis == 0u);
    let has_second = along + 1u < select(select(params.size.z, params.size.y, params.axis == 1u), params.size.x, params.axis == 0u);
    let table = rows + params.pairs.z + along + params.taps - 1u;
    var first = Sums(vec2f(0.0), vec2f(0.0));
    var second = first;
    if (params.single == 1u) {
      first.words = filter_single(base, table, along);
      second.words = filter_single(base, table + 1u, along + 1u);
    } else {
      var pair = coefficients(0u);
      second = add_wide(second, pair, sample_at(base + places[table + 1u]));
      for (var f = 1u; f < params.taps; f++) {
        let sample = sample_at(base + places[table + 1u - f]);
        first = add_wide(first, pair, sample);
        pair = coefficients(f);
        second = add_wide(second, pair, sample);
      }
      first = normal(add_wide(first, pair, sample_at(base + places[table + 1u - params.taps])));
      second = normal(second);
    }
    let index = at.x + params.size.x * (at.y + params.size.y * at.z);
    store(index, first);
    if (has_second) { store(index + step, second); }
  }
}
