// n4/lattice: the small products of the fit and of the evaluation. All of them keep the control point along y, so that one
// workgroup per such point does them in turn without leaving its memory.
//  update: sums over x and z, divides (delta / omega), adds to the lattice, evaluates along z and x: the control values of
//          every column for n4/field. In a weighing pass it stops after the sums and keeps them as omega.
//  expand: the evaluation alone, for the grid of the whole image.
// Grid: one workgroup per control point along y.
// The lattice is kept in pairs of f32; a sum of weights that add up to 1 is taken as the first value plus weighted
// differences from it, which leaves an error of 1e-8 of the differences and not of the values.
// Definition: itkBSplineScatteredDataPointSetToImageFilter.hxx. Twin: test/reference/n4/n4.ts (approximate, evaluate)
#import common/n4/axis
#import common/n4/column
#import common/n4/shared
#import common/twofold

struct Params {
  size: vec3u,       // of the grid
  stretches: u32,    // of n4/fit
  points: vec3u,     // control points
  rows: u32,         // of n4/fit
  reach: u32,        // of n4/fit
  x: vec3u,          // axes (Axis)
  y: vec3u,
  z: vec3u,
  weighing: u32,     // 1: keep the sums as omega
  zero: u32,
}

// A control point of the lattice.
struct Node {
  high: f32,
  low: f32,
  omega: f32,
  step: f32,  // what the last iteration added
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> control: array<u32>;
@group(0) @binding(2) var<storage, read> columns: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> nodes: array<Node>;  // x fastest
@group(0) @binding(4) var<storage, read_write> lines: array<Control>;  // scratch: y, then z, then control points along x
@group(0) @binding(5) var<storage, read_write> controls: array<Controls>;  // z, then control points along y, then x

override workgroup_size: u32 = 64;

// A control value of the log field and of the step of the last iteration.
struct Control {
  high: f32,
  low: f32,
  step: f32,
}

// The four values around a sample.
struct Window {
  a: Control,
  b: Control,
  c: Control,
  d: Control,
}

fn blend(weights: vec4f, w: Window) -> Control {
  let rises = vec3f(
    (w.b.high - w.a.high) + (w.b.low - w.a.low),
    (w.c.high - w.a.high) + (w.c.low - w.a.low),
    (w.d.high - w.a.high) + (w.d.low - w.a.low),
  );
  let sum = two_sum(w.a.high, dot(weights.yzw, rises));
  return Control(sum.x, sum.y + w.a.low, dot(weights, vec4f(w.a.step, w.b.step, w.c.step, w.d.step)));
}

fn summing_weights(s: Sample) -> vec4f {
  return select(fit_weights(s.weights), s.weights * s.weights, params.weighing == 1u);
}

fn node_at(x: u32, y: u32, z: u32) -> u32 {
  return x + params.points.x * (y + params.points.y * z);
}

fn node(at: u32) -> Control {
  let n = nodes[at];
  return Control(n.high, n.low, n.step);
}

fn line_at(x: u32, y: u32, z: u32) -> u32 {
  return (y * params.size.z + z) * params.points.x + x;
}

// Sums along x of what n4/fit left in one stretch of (y, z), y a control point; added to those of earlier stretches.
fn gather_row(y: u32, z: u32, row: u32, add: bool) {
  var out = line_at(0u, y, z);
  var current = 0u;
  var sums = vec4f(0.0);
  var place = place_of(axis_of(params.x), 0u);
  for (var x = 0u; x < params.size.x; x += 4u) {
    let four = columns[row + x / 4u];
    for (var k = 0u; k < min(4u, params.size.x - x); k++) {
      let s = sample_at(axis_of(params.x), place);
      place = next_place(axis_of(params.x), place);
      while (current < s.first) {
        lines[out].step = sums.x + select(0.0, lines[out].step, add);
        out++;
        sums = vec4f(sums.yzw, 0.0);
        current++;
      }
      sums += four[k] * summing_weights(s);
    }
  }
  for (var k = 0u; k < min(4u, params.points.x); k++) { lines[out + k].step = sums[k] + select(0.0, lines[out + k].step, add); }
}

fn gather_x(y: u32, local: u32) {
  var some = false;
  for (var s = 0u; s < params.stretches; s++) {
    let first = sample_at(axis_of(params.y), place_of(axis_of(params.y), s * params.rows)).first;
    let last = sample_at(axis_of(params.y), place_of(axis_of(params.y), min((s + 1u) * params.rows, params.size.y) - 1u)).first + 3u;
    if (y < first || y > last) { continue; }
    for (var z = local; z < params.size.z; z += workgroup_size) {
      let row = quads_of(params.size) * (params.reach * (z * params.stretches + s) + y - first);
      gather_row(y, z, row, some);
    }
    some = true;
  }
}

// Takes the sum of a control point: the new lattice, or omega.
fn settle(at: u32, sum: f32) {
  let n = nodes[at];
  if (params.weighing == 1u) {
    nodes[at] = Node(n.high, n.low, sum, n.step);
    return;
  }
  var step = 0.0;
  if (n.omega != 0.0) { step = sum / n.omega; }
  let pair = add2(vec2f(n.high, n.low), vec2f(step, 0.0));
  nodes[at] = Node(pair.x, pair.y, n.omega, step);
}

// Sums along z, for each control point along x.
fn gather_z(y: u32, local: u32) {
  for (var x = local; x < params.points.x; x += workgroup_size) {
    var current = 0u;
    var sums = vec4f(0.0);
    var place = place_of(axis_of(params.z), 0u);
    for (var z = 0u; z < params.size.z; z++) {
      let s = sample_at(axis_of(params.z), place);
      place = next_place(axis_of(params.z), place);
      while (current < s.first) {
        settle(node_at(x, y, current), sums.x);
        sums = vec4f(sums.yzw, 0.0);
        current++;
      }
      sums += lines[line_at(x, y, z)].step * summing_weights(s);
    }
    for (var k = 0u; k < min(4u, params.points.z); k++) { settle(node_at(x, y, current + k), sums[k]); }
  }
}

// Evaluates along z, for each control point along x.
fn spread_z(y: u32, local: u32) {
  for (var x = local; x < params.points.x; x += workgroup_size) {
    var current = 0xffffffffu;
    var window: Window;
    var place = place_of(axis_of(params.z), 0u);
    for (var z = 0u; z < params.size.z; z++) {
      let s = sample_at(axis_of(params.z), place);
      place = next_place(axis_of(params.z), place);
      if (s.first != current) {
        current = s.first;
        let at = node_at(x, y, current);
        let next = params.points.x * params.points.y;
        window = Window(node(at), node(at + next), node(at + 2u * next), node(at + 3u * next));
      }
      lines[line_at(x, y, z)] = blend(s.weights, window);
    }
  }
}

// Evaluates along x, for each z and four of x.
fn spread_x(y: u32, local: u32) {
  let quads = quads_of(params.size);
  let axis = axis_of(params.x);
  for (var i = local; i < quads * params.size.z; i += workgroup_size) {
    let z = i / quads;
    let quad = i - z * quads;
    var current = 0xffffffffu;
    var window: Window;
    var four = Controls(vec4f(0.0), vec4f(0.0), vec4f(0.0));
    var place = place_of(axis, 4u * quad);
    for (var k = 0u; k < min(4u, params.size.x - 4u * quad); k++) {
      let s = sample_at(axis, place);
      place = next_place(axis, place);
      if (s.first != current) {
        current = s.first;
        let at = line_at(current, y, z);
        window = Window(lines[at], lines[at + 1u], lines[at + 2u], lines[at + 3u]);
      }
      let value = blend(s.weights, window);
      four.high[k] = value.high;
      four.low[k] = value.low;
      four.step[k] = value.step;
    }
    controls[(z * params.points.y + y) * quads + quad] = four;
  }
}

fn spread(y: u32, local: u32) {
  spread_z(y, local);
  storageBarrier();
  spread_x(y, local);
}

@compute @workgroup_size(workgroup_size)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let y = group.y * groups.x + group.x;
  if (y >= params.points.y || (params.weighing == 0u && control[ACTIVE] == 0u)) { return; }
  gather_x(y, local);
  storageBarrier();
  gather_z(y, local);
  if (params.weighing == 1u) { return; }
  storageBarrier();
  spread(y, local);
}

@compute @workgroup_size(workgroup_size)
fn expand(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let y = group.y * groups.x + group.x;
  if (y >= params.points.y) { return; }
  spread(y, local);
}
