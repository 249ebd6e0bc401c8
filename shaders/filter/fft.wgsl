// filter/fft: one stage of a discrete Fourier transform along an axis, for lines of any length. One invocation makes one number:
// the sum of `radix` numbers of the stage before, by their roots of unity. Numbers are complex, real parts first, imaginary
// parts a fixed distance behind them; of real input and output there are no imaginary parts.
// Stockham's order: the last stage leaves the frequencies, or the samples, in their natural order. A stage of radix 1 copies.
// `quads` does the same for four neighbouring lines along y or z at once: their roots are the same. What counts or places numbers
// (size, strides, offsets, distances of the parts, length) counts fours there.
// Grid: linear over the results; out-of-range invocations do nothing.
// Definition: X[k] = sum of x[j] exp(-2 pi i j k / n), backwards with the other sign. Twin: test/reference/filter/fft.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,          // results
  axis: u32,            // of the lines
  old_strides: vec3u,   // distances of the samples along x, y, z
  old_offset: u32,      // of the first sample
  strides: vec3u,       // distances of the results
  offset: u32,          // of the first result
  old_apart: u32,       // from a real to its imaginary part; 0: samples are real
  apart: u32,           // the same of the results; 0: imaginary parts are not wanted
  n: u32,               // length of the lines
  held: u32,            // samples of a line that are there; those behind are the conjugates of the first ones, from the end
  span: u32,            // product of the radices of the stages before
  radix: u32,
  first: u32,           // number of the first result along the axis: of the last stage only some may be wanted
  turn: f32,            // -1: from samples to frequencies, 1: backwards
  length: u32,          // number of results
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(1) var<storage, read> sample_quads: array<vec4f>;
@group(0) @binding(2) var<storage, read> roots: array<vec2f>;  // exp(2 pi i t / n)
@group(0) @binding(3) var<storage, read_write> transformed: array<f32>;
@group(0) @binding(3) var<storage, read_write> transformed_quads: array<vec4f>;

override workgroup_size: u32 = 64;

// The samples of a result: every `gap`-th of its line from `first` on, by every `turns`-th root.
struct Terms {
  start: u32,  // place of the line
  first: u32,
  gap: u32,
  turns: u32,
}

fn terms_of(at: vec3u) -> Terms {
  let result = at[params.axis] + params.first;
  var line = at;
  line[params.axis] = 0u;
  // A result of a run of `span * radix` takes samples that are n / radix apart.
  let extent = params.span * params.radix;
  let a = result % extent;
  let first = (result / extent) * params.span + a % params.span;
  let start = params.old_offset + dot(line, params.old_strides);
  return Terms(start, first, params.n / params.radix, a * (params.n / extent));
}

// Where sample j of a line lies; the sign of its imaginary part is that of `mirrored`.
fn place_of(terms: Terms, j: u32, mirrored: bool) -> u32 {
  return terms.start + select(j, params.n - j, mirrored) * params.old_strides[params.axis];
}

fn root_of(t: u32) -> vec2f {
  return vec2f(roots[t].x, params.turn * roots[t].y);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let terms = terms_of(at);
  var j = terms.first;
  var t = 0u;
  var sum = vec2f(0.0);
  for (var r = 0u; r < params.radix; r++) {
    let mirrored = j >= params.held;
    let place = place_of(terms, j, mirrored);
    let root = root_of(t);
    sum += samples[place] * root;
    if (params.old_apart > 0u) {
      let im = select(1.0, -1.0, mirrored) * samples[place + params.old_apart];
      sum += im * vec2f(-root.y, root.x);
    }
    j += terms.gap;
    t += terms.turns;
    if (t >= params.n) { t -= params.n; }
  }
  let place = params.offset + dot(at, params.strides);
  transformed[place] = sum.x;
  if (params.apart > 0u) { transformed[place + params.apart] = sum.y; }
}

@compute @workgroup_size(workgroup_size)
fn quads(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let terms = terms_of(at);
  let step = terms.gap * params.old_strides[params.axis];
  var place = place_of(terms, terms.first, false);
  var t = 0u;
  var re = vec4f(0.0);
  var im = vec4f(0.0);
  for (var r = 0u; r < params.radix; r++) {
    let root = root_of(t);
    let old_re = sample_quads[place];
    let old_im = sample_quads[place + params.old_apart];
    re += root.x * old_re - root.y * old_im;
    im += root.y * old_re + root.x * old_im;
    place += step;
    t += terms.turns;
    if (t >= params.n) { t -= params.n; }
  }
  let target_place = params.offset + dot(at, params.strides);
  transformed_quads[target_place] = re;
  transformed_quads[target_place + params.apart] = im;
}
