// filter/fft: one stage of a discrete Fourier transform along an axis, for lines of any length. One invocation makes one number:
// the sum of `radix` numbers of the stage before, by their roots of unity. Numbers are complex, real parts first, imaginary
// parts a fixed distance behind them; of real input and output there are no imaginary parts.
// Stockham's order: the last stage leaves the frequencies, or the samples, in their natural order. A stage of radix 1 copies.
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
@group(0) @binding(2) var<storage, read> roots: array<vec2f>;  // exp(2 pi i t / n)
@group(0) @binding(3) var<storage, read_write> transformed: array<f32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let result = at[params.axis] + params.first;
  var line = at;
  line[params.axis] = 0u;
  let start = params.old_offset + dot(line, params.old_strides);
  let step = params.old_strides[params.axis];
  // A result of a block of `span * radix` takes samples that are n / radix apart.
  let extent = params.span * params.radix;
  let a = result % extent;
  let turns = a * (params.n / extent);
  let gap = params.n / params.radix;
  var j = (result / extent) * params.span + a % params.span;
  var t = 0u;
  var sum = vec2f(0.0);
  for (var r = 0u; r < params.radix; r++) {
    let mirrored = j >= params.held;
    let place = start + select(j, params.n - j, mirrored) * step;
    let root = vec2f(roots[t].x, params.turn * roots[t].y);
    let re = samples[place];
    sum += re * root;
    if (params.old_apart > 0u) {
      let im = select(1.0, -1.0, mirrored) * samples[place + params.old_apart];
      sum += im * vec2f(-root.y, root.x);
    }
    j += gap;
    t += turns;
    if (t >= params.n) { t -= params.n; }
  }
  let place = params.offset + dot(at, params.strides);
  transformed[place] = sum.x;
  if (params.apart > 0u) { transformed[place + params.apart] = sum.y; }
}
