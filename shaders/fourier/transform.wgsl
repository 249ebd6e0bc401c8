// fourier/transform: one stage of discrete Fourier transforms of lines of any length and strides, for four neighbouring lines
// at once: their roots are the same. Of a stage of radix 2 to 5 one invocation makes all results of a butterfly, of a larger prime
// two that mirror each other, from the same sums. A stage of radix 1 copies.
// Stockham's order: the last stage leaves frequencies, or samples, in their natural order. Numbers are complex, real parts first,
// imaginary parts a fixed distance behind them; of real numbers there are no imaginary parts.
// `main` writes four lines that lie side by side, `scattered` four lines of any distance.
// Grid: linear over fours of lines, by butterflies; out-of-range invocations do nothing.
// Definition: X[k] = sum of x[j] exp(-2 pi i j k / n), backwards with the other sign. Twin: test/reference/fourier/transform.ts
#import common/grid

struct Params {
  lines: u32,         // along the first of the two other axes
  inner: u32,         // fours of them; a four's number is u + inner v
  groups: u32,        // fours
  tasks: u32,         // butterflies of a line
  n: u32,             // length of the lines
  gap: u32,           // n / radix
  unit: u32,          // n / (span radix)
  span: u32,          // product of the radices of the stages before
  radix: u32,
  turn: f32,          // -1: from samples to frequencies, 1: backwards
  by_fours: u32,      // 1: four lines of the samples lie side by side; place, strides and distance of parts count fours
  apart: u32,         // from a real to its imaginary part; 0: samples are real
  result_apart: u32,  // the same of the results; 0: imaginary parts are not wanted
  present: u32,       // samples of a line that are there; behind them are zeros
  held: u32,          // samples behind these are the conjugates of the first ones, from the end
  first: u32,         // number of the first result that is wanted
  count: u32,         // and how many are
  old_lines: vec4u,        // place of the first sample; distances of lines along both axes, and along the line
  new_lines: vec4u,          // the same of the first result that is wanted
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;         // one of both is read
@group(0) @binding(2) var<storage, read> sample_fours: array<vec4f>;
@group(0) @binding(3) var<storage, read> roots: array<vec2f>;         // exp(2 pi i t / n)
@group(0) @binding(4) var<storage, read_write> result_fours: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> results: array<f32>;

override workgroup_size: u32 = 64;

const SIDE = 0.8660254037844386;   // sine of a third of a turn
const COS1 = 0.30901699437494745;  // of a fifth
const SIN1 = 0.9510565162951535;
const COS2 = -0.8090169943749475;  // of two fifths
const SIN2 = 0.5877852522924731;
const BUTTERFLY = 5u;              // largest radix that is made at once

// Complex numbers of four lines.
struct Four {
  re: vec4f,
  im: vec4f,
}

// What an invocation makes: result q of a butterfly lies at start + span q.
struct Task {
  u: u32,          // number of the first line, in fours, and of its row
  v: u32,
  near: u32,     // of the first sample; the others are n / radix apart
  start: u32,      // of the first result
  turns: u32,      // of the root by whose powers samples are multiplied
  pair: u32,       // of results of a large prime: q and radix - q
}

// Divisions cost a software adapter as much as a butterfly: only those that are needed.
fn task_of(k: u32) -> Task {
  var number = k / params.groups;
  let group = k - number * params.groups;
  let v = group / params.inner;
  let u = group - v * params.inner;
  var pair = 0u;
  if (params.radix > BUTTERFLY) {
    pair = number / params.gap;
    number -= pair * params.gap;
  }
  if (params.span == 1u) { return Task(u, v, number, number * params.radix, 0u, pair); }
  let run = number / params.span;
  let within = number - run * params.span;
  return Task(u, v, number, run * params.span * params.radix + within, within * params.unit, pair);
}

fn add(a: Four, b: Four) -> Four { return Four(a.re + b.re, a.im + b.im); }
fn subtract(a: Four, b: Four) -> Four { return Four(a.re - b.re, a.im - b.im); }
fn scaled(a: Four, factor: f32) -> Four { return Four(factor * a.re, factor * a.im); }
fn times(a: Four, b: vec2f) -> Four { return Four(b.x * a.re - b.y * a.im, b.y * a.re + b.x * a.im); }
// a times the imaginary unit in the direction of the transform.
fn turned(a: Four) -> Four { return Four(-params.turn * a.im, params.turn * a.re); }

fn root_of(t: u32) -> vec2f {
  let root = roots[t];
  return vec2f(root.x, params.turn * root.y);
}

fn four_at(place: u32, step: vec4u) -> vec4f {
  return vec4f(samples[place + step.x], samples[place + step.y], samples[place + step.z], samples[place + step.w]);
}

// Distances of four lines from the first; lines that are not there are the last one.
fn lanes_of(u: u32, stride: u32) -> vec4u {
  return stride * min(vec4u(0u, 1u, 2u, 3u), vec4u(params.lines - 1u - 4u * u));
}

// Sample r of a butterfly, not yet turned.
fn sample_of(task: Task, r: u32) -> Four {
  let j = task.near + r * params.gap;
  if (j >= params.present) { return Four(vec4f(0.0), vec4f(0.0)); }
  let mirrored = j >= params.held;
  let line = params.old_lines.x + task.v * params.old_lines.z + select(j, params.n - j, mirrored) * params.old_lines.w;
  var value = Four(vec4f(0.0), vec4f(0.0));
  if (params.by_fours == 1u) {
    let place = line + task.u * params.old_lines.y;
    value.re = sample_fours[place];
    if (params.apart > 0u) { value.im = sample_fours[place + params.apart]; }
  } else {
    let place = line + 4u * task.u * params.old_lines.y;
    let lanes = lanes_of(task.u, params.old_lines.y);
    value.re = four_at(place, lanes);
    if (params.apart > 0u) { value.im = four_at(place + params.apart, lanes); }
  }
  if (mirrored) { value.im = -value.im; }
  return value;
}

// Sample r > 0 of a butterfly.
fn term_of(task: Task, r: u32) -> Four {
  let value = sample_of(task, r);
  if (params.span == 1u) { return value; }
  return times(value, root_of(r * task.turns));
}

// Of a prime radix: results `pair` and radix - `pair`, which take the same cosines, and sines of the other sign.
fn pair_of(task: Task) -> array<Four, 2> {
  var even = sample_of(task, 0u);
  var odd = Four(vec4f(0.0), vec4f(0.0));
  var t = 0u;
  for (var r = 1u; r < params.radix; r++) {
    t += task.pair;
    if (t >= params.radix) { t -= params.radix; }
    let term = term_of(task, r);
    let root = roots[t * params.gap];
    even = add(even, scaled(term, root.x));
    odd = add(odd, scaled(term, root.y));
  }
  let side = turned(odd);
  return array(add(even, side), subtract(even, side));
}

fn butterfly_of(task: Task) -> array<Four, BUTTERFLY> {
  var made: array<Four, BUTTERFLY>;
  let a = sample_of(task, 0u);
  if (params.radix == 1u) {
    made[0] = a;
    return made;
  }
  let b = term_of(task, 1u);
  if (params.radix == 2u) {
    made[0] = add(a, b);
    made[1] = subtract(a, b);
    return made;
  }
  let c = term_of(task, 2u);
  if (params.radix == 3u) {
    let sum = add(b, c);
    let middle = subtract(a, scaled(sum, 0.5));
    let side = turned(scaled(subtract(b, c), SIDE));
    made[0] = add(a, sum);
    made[1] = add(middle, side);
    made[2] = subtract(middle, side);
    return made;
  }
  let d = term_of(task, 3u);
  if (params.radix == 4u) {
    let even = add(a, c);
    let odd = add(b, d);
    let other = subtract(a, c);
    let side = turned(subtract(b, d));
    made[0] = add(even, odd);
    made[1] = add(other, side);
    made[2] = subtract(even, odd);
    made[3] = subtract(other, side);
    return made;
  }
  let e = term_of(task, 4u);
  let outer = add(b, e);
  let inner = add(c, d);
  let outer_side = subtract(b, e);
  let inner_side = subtract(c, d);
  let first = add(a, add(scaled(outer, COS1), scaled(inner, COS2)));
  let second = add(a, add(scaled(outer, COS2), scaled(inner, COS1)));
  let first_side = turned(add(scaled(outer_side, SIN1), scaled(inner_side, SIN2)));
  let second_side = turned(subtract(scaled(outer_side, SIN2), scaled(inner_side, SIN1)));
  made[0] = add(a, add(outer, inner));
  made[1] = add(first, first_side);
  made[2] = add(second, second_side);
  made[3] = subtract(second, second_side);
  made[4] = subtract(first, first_side);
  return made;
}

// Where result q goes, without the lines along the first axis; the largest number where it is not wanted.
const UNWANTED = 0xffffffffu;
fn place_of(task: Task, q: u32) -> u32 {
  let result = task.start + q * params.span - params.first;
  // Results before the first one are large numbers.
  if (result >= params.count) { return UNWANTED; }
  return params.new_lines.x + task.v * params.new_lines.z + result * params.new_lines.w;
}

fn store_four(task: Task, q: u32, value: Four) {
  let row = place_of(task, q);
  if (row == UNWANTED) { return; }
  let place = row + task.u * params.new_lines.y;
  result_fours[place] = value.re;
  if (params.result_apart > 0u) { result_fours[place + params.result_apart] = value.im; }
}

fn scatter(place: u32, value: vec4f, lanes: u32) {
  let step = params.new_lines.y;
  results[place] = value.x;
  if (lanes > 1u) { results[place + step] = value.y; }
  if (lanes > 2u) { results[place + 2u * step] = value.z; }
  if (lanes > 3u) { results[place + 3u * step] = value.w; }
}

fn store_scattered(task: Task, q: u32, value: Four) {
  let row = place_of(task, q);
  if (row == UNWANTED) { return; }
  let line = 4u * task.u;
  let place = row + line * params.new_lines.y;
  let lanes = params.lines - line;
  scatter(place, value.re, lanes);
  if (params.result_apart > 0u) { scatter(place + params.result_apart, value.im, lanes); }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.groups * params.tasks) { return; }
  let task = task_of(k);
  if (params.radix > BUTTERFLY) {
    let pair = pair_of(task);
    store_four(task, task.pair, pair[0]);
    if (task.pair > 0u) { store_four(task, params.radix - task.pair, pair[1]); }
    return;
  }
  let made = butterfly_of(task);
  store_four(task, 0u, made[0]);
  if (params.radix > 1u) { store_four(task, 1u, made[1]); }
  if (params.radix > 2u) { store_four(task, 2u, made[2]); }
  if (params.radix > 3u) { store_four(task, 3u, made[3]); }
  if (params.radix > 4u) { store_four(task, 4u, made[4]); }
}

// As main, through another binding: one function for both would make each entry point need both buffers of results.
@compute @workgroup_size(workgroup_size)
fn scattered(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.groups * params.tasks) { return; }
  let task = task_of(k);
  if (params.radix > BUTTERFLY) {
    let pair = pair_of(task);
    store_scattered(task, task.pair, pair[0]);
    if (task.pair > 0u) { store_scattered(task, params.radix - task.pair, pair[1]); }
    return;
  }
  let made = butterfly_of(task);
  store_scattered(task, 0u, made[0]);
  if (params.radix > 1u) { store_scattered(task, 1u, made[1]); }
  if (params.radix > 2u) { store_scattered(task, 2u, made[2]); }
  if (params.radix > 3u) { store_scattered(task, 3u, made[3]); }
  if (params.radix > 4u) { store_scattered(task, 4u, made[4]); }
}
