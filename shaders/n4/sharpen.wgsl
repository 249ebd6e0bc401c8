// n4/sharpen: one workgroup decides whether the level goes on, then turns the histogram into the expectation of the true
// log intensity at every bin.
//  1. Merge the moments that n4/field left: convergence = SD / mean of exp(old field - new field). At or below the
//     tolerance the level is over: nothing else happens, and the kernels behind find `active` 0.
//  2. Deconvolve: U = max(0, H G / (G^2 + noise)) by two FFTs of size `size`. G is even and H real: one transform does both.
//     Pairs of f32: in plain f32 the rounding of a background peak of 10^5 voxels would drown bins of a few.
//  3. E(u|v) - v at a bin = width * sum (j - i) U_j G_(i-j) / sum U_j G_(i-j): differences of bin numbers, not of
//     intensities, so that f32 keeps 1e-8. Circular like the FFT; G beyond `REACH` standard deviations is below 1e-17.
// Grid: one workgroup. Definition: itkN4BiasFieldCorrectionImageFilter.hxx. Twin: test/reference/n4/n4.ts (expectation)
#import common/n4/moments
#import common/n4/shared
#import common/ordered
#import common/twofold
#import common/n4/bins

struct Params {
  size: u32,         // of the FFT, at most 512: 2^(ceil(log2 bins) + 1)
  stages: u32,       // log2 size
  bins: u32,
  level: u32,
  level_start: u32,  // 1 in the first iteration of a level, which always runs
  finish: u32,       // 1 after the last iteration: step 1 only
  groups: u32,       // rows of `moments`
  zero: u32,
  tolerance: f32,
  deviation: f32,    // standard deviation of the Gaussian, log units
  steepness: vec2f,  // 4 ln 2 / fwhm^2, as a pair
  peak: vec2f,       // 2 sqrt(ln 2 / pi) / fwhm
  noise: vec2f,      // Wiener constant
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> moments: array<Moments>;
@group(0) @binding(2) var<storage, read> twiddles: array<vec4f>;  // cos, sin of 2 pi k / size, as pairs
@group(0) @binding(3) var<storage, read_write> control: array<u32>;
@group(0) @binding(4) var<storage, read_write> sums: array<u32>;  // the histogram, taken and set to 0
@group(0) @binding(5) var<storage, read_write> convergence: array<f32>;  // of every iteration done
// (low, width), then per bin (E - v, the same of the next bin less this).
@group(0) @binding(6) var<storage, read_write> expectation: array<vec2f>;

override workgroup_size: u32 = 64;
const REACH = 9.0;

var<workgroup> spectrum: array<vec4f, 512>;  // real part, imaginary part, as pairs
var<workgroup> gauss: array<f32, 257>;       // by distance
var<workgroup> sharp: array<f32, 512>;       // U, later E - v
var<workgroup> merged: array<Moments, 256>;
var<workgroup> going: u32;

// exp(-x) of a pair x >= 0: x = n ln 2 + r, exp(-r) = exp(-r / 16)^16.
fn exp_minus(x: vec2f) -> vec2f {
  if (x.x > 80.0) { return vec2f(0.0); }
  let n = floor(x.x * 1.44269504 + 0.5);
  let r = add2(add2(x, vec2f(n * -0.693145751953125, 0.0)), -two_product(n, 1.4286068e-06));
  let t = -0.0625 * r;
  let tail = t.x * t.x * t.x * (0.166666667 + t.x * (0.0416666667 + t.x * (0.00833333333 + t.x * 0.00138888889)));
  var y = add2(vec2f(1.0, 0.0), add2(t, add2(0.5 * multiply2(t, t), vec2f(tail, 0.0))));
  for (var k = 0u; k < min(4u, params.stages); k++) { y = multiply2(y, y); }
  return y * bitcast<f32>((127u - u32(n)) << 23u);
}

fn complex_product(a: vec4f, w: vec4f) -> vec4f {
  let real = add2(multiply2(a.xy, w.xy), -multiply2(a.zw, w.zw));
  return vec4f(real, add2(multiply2(a.xy, w.zw), multiply2(a.zw, w.xy)));
}

fn reversed(k: u32) -> u32 {
  return reverseBits(k) >> (32u - params.stages);
}

// Natural order in, bit-reversed order out; exp(-2 pi i k j / size).
fn transform(local: u32) {
  for (var stage = 0u; stage < params.stages; stage++) {
    let half = params.size >> (stage + 1u);
    for (var b = local; b < params.size / 2u; b += workgroup_size) {
      let j = b & (half - 1u);
      let p = 2u * b - j;
      let w = twiddles[j << stage];
      let x = spectrum[p];
      let y = spectrum[p + half];
      spectrum[p] = vec4f(add2(x.xy, y.xy), add2(x.zw, y.zw));
      spectrum[p + half] = complex_product(vec4f(add2(x.xy, -y.xy), add2(x.zw, -y.zw)), vec4f(w.xy, -w.zw));
    }
    workgroupBarrier();
  }
}

// Bit-reversed order in, natural order out; without the factor 1 / size.
fn transform_back(local: u32) {
  for (var stage = 0u; stage < params.stages; stage++) {
    let half = 1u << stage;
    for (var b = local; b < params.size / 2u; b += workgroup_size) {
      let j = b & (half - 1u);
      let p = 2u * b - j;
      let x = spectrum[p];
      let y = complex_product(spectrum[p + half], twiddles[j << (params.stages - 1u - stage)]);
      spectrum[p] = vec4f(add2(x.xy, y.xy), add2(x.zw, y.zw));
      spectrum[p + half] = vec4f(add2(x.xy, -y.xy), add2(x.zw, -y.zw));
    }
    workgroupBarrier();
  }
}

// Step 1. Whether the iteration runs.
fn goes_on(local: u32) -> bool {
  let was_active = control[ACTIVE] == 1u;
  var own = Moments(0.0, 0.0, 0.0);
  if (was_active) {
    for (var g = local; g < params.groups; g += workgroup_size) { own = merge(own, moments[g]); }
  }
  merged[local] = own;
  workgroupBarrier();
  for (var half = workgroup_size / 2u; half > 0u; half /= 2u) {
    if (local < half) { merged[local] = merge(merged[local], merged[local + half]); }
    workgroupBarrier();
  }
  if (local == 0u) {
    var continues = was_active;
    if (was_active) {
      let all = merged[0];
      let value = sqrt(max(all.squares / max(all.count - 1.0, 1.0), 0.0)) / (1.0 + all.mean);
      convergence[control[DONE] - 1u] = value;
      continues = value > params.tolerance;
    }
    continues = params.finish == 0u && (continues || params.level_start == 1u);
    control[ACTIVE] = u32(continues);
    if (continues) {
      control[DONE]++;
      control[LEVELS + params.level]++;
    }
    going = u32(continues);
  }
  return workgroupUniformLoad(&going) == 1u;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(local_invocation_index) local: u32) {
  if (params.size == 0u) { return; }
  if (!goes_on(local)) {
    for (var k = local; k < 2u * params.bins; k += workgroup_size) { sums[k] = 0u; }
    return;
  }
  let scale = bins_of(from_ordered(~control[LOW]), from_ordered(control[HIGH]), f32(params.bins - 1u));
  let start = (params.size - params.bins) / 2u;
  let middle = params.size / 2u;

  let squared = multiply2(params.steepness, two_product(scale.width, scale.width));
  let peak = multiply2(params.peak, vec2f(scale.width, 0.0));
  for (var k = local; k <= middle; k += workgroup_size) {
    let g = multiply2(peak, exp_minus(multiply2(squared, vec2f(f32(k * k), 0.0))));
    gauss[k] = g.x;
    spectrum[k] = vec4f(g, 0.0, 0.0);
    spectrum[(params.size - k) & (params.size - 1u)] = vec4f(g, 0.0, 0.0);
  }
  workgroupBarrier();
  for (var bin = local; bin < params.bins; bin += workgroup_size) {
    let low = sums[2u * bin];
    let count = add2(
      vec2f(f32(sums[2u * bin + 1u]) * 4096.0, 0.0),
      two_sum(f32(low >> 12u) * 0.00390625, f32(low & 0xfffu) * 9.5367431640625e-7),
    );
    spectrum[start + bin] = vec4f(spectrum[start + bin].xy, count);
    sums[2u * bin] = 0u;
    sums[2u * bin + 1u] = 0u;
  }
  workgroupBarrier();
  transform(local);

  // Z = F(g + i h): F(g) = (Z_k + conj Z_-k) / 2, F(h) = (Z_k - conj Z_-k) / 2i.
  let norm = 1.0 / f32(params.size);
  for (var k = local; k <= middle; k += workgroup_size) {
    let at = reversed(k);
    let mirror = reversed((params.size - k) & (params.size - 1u));
    let z = spectrum[at];
    let m = spectrum[mirror];
    let g = 0.5 * add2(z.xy, m.xy);
    let wiener = divide2(g, add2(multiply2(g, g), params.noise)) * (0.5 * norm);
    let real = multiply2(wiener, add2(z.zw, m.zw));
    let imaginary = multiply2(wiener, add2(m.xy, -z.xy));
    spectrum[at] = vec4f(real, imaginary);
    if (mirror != at) { spectrum[mirror] = vec4f(real, -imaginary); }
  }
  workgroupBarrier();
  transform_back(local);
  for (var k = local; k < params.size; k += workgroup_size) { sharp[k] = max(spectrum[k].x, 0.0); }
  workgroupBarrier();

  let reach = i32(min(f32(middle - 1u), ceil(REACH * params.deviation / scale.width)));
  let wrap = i32(params.size) - 1;
  for (var bin = local; bin < params.bins; bin += workgroup_size) {
    let i = i32(start + bin);
    var numerator = 0.0;
    var denominator = 0.0;
    for (var step = -reach; step <= reach; step++) {
      let j = (i + step) & wrap;
      let share = sharp[j] * gauss[abs(step)];
      numerator += f32(j - i) * share;
      denominator += share;
    }
    // Where nothing is near ITK's expectation is 0.
    let shift = select(-scale.low - f32(bin) * scale.width, scale.width * numerator / denominator, denominator > 0.0);
    spectrum[bin] = vec4f(shift);
  }
  workgroupBarrier();
  if (local == 0u) { expectation[0] = vec2f(scale.low, scale.width); }
  for (var bin = local; bin < params.bins; bin += workgroup_size) {
    let shift = spectrum[bin].x;
    let next = spectrum[min(bin + 1u, params.bins - 1u)].x;
    expectation[1u + bin] = vec2f(shift, next - shift);
  }
}
