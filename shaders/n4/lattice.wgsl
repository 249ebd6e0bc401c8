// n4/lattice: the small products of the fit and of the evaluation. All of them keep the control point along y, so that one
// workgroup per such point does them in turn without leaving its memory.
//  update: sums over x and z, divides (delta / omega), adds to the lattice, evaluates along z and x: the control values of
//          every column for n4/field. In a weighing pass it stops after the sums and keeps them as omega.
//  expand: the evaluation alone, for the grid of the whole image.
// Grid: one workgroup per control point along y.
// The lattice is kept in pairs of f32; a sum of weights that add up to 1 is taken as the first value plus weighted
// differences from it, which leaves an error of 1e-8 of the differences and not of the values.
// Definition: itkBSplineScatteredDataPointSetToImageFilter.hxx. Twin: test/reference/n4/n4.ts (fit, evaluate)
#import common/n4/shared
#import common/twofold

struct Params {
  size: vec3u,       // of the grid
  stretches: u32,    // of n4/fit
  points: vec3u,     // control points
  rows: u32,         // of n4/fit
  reach: u32,        // of n4/fit
  fit_x: u32,        // first samples in `axes`: for the fit along x, y, z, for the evaluation along x, z
  fit_y: u32,
  fit_z: u32,
  field_x: u32,
  field_z: u32,
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
@group(0) @binding(2) var<storage, read> columns: array<f32>;
@group(0) @binding(3) var<storage, read> axes: array<Sample>;
@group(0) @binding(4) var<storage, read> ranges: array<vec2u>;  // samples that a control point along x, then z, touches
@group(0) @binding(5) var<storage, read_write> nodes: array<Node>;  // x fastest
@group(0) @binding(6) var<storage, read_write> lines: array<Control>;  // scratch: y, then z, then control points along x
@group(0) @binding(7) var<storage, read_write> controls: array<Control>;  // z, then control points along y, then x

override workgroup_size: u32 = 128;

fn blend(s: Sample, a: Control, b: Control, c: Control, d: Control) -> Control {
  let difference = s.b * ((b.high - a.high) + (b.low - a.low)) + s.c * ((c.high - a.high) + (c.low - a.low))
    + s.d * ((d.high - a.high) + (d.low - a.low));
  let sum = two_sum(a.high, difference);
  return Control(sum.x, sum.y + a.low, s.a * a.step + s.b * b.step + s.c * c.step + s.d * d.step);
}

fn node(x: u32, y: u32, z: u32) -> Control {
  let n = nodes[x + params.points.x * (y + params.points.y * z)];
  return Control(n.high, n.low, n.step);
}

// Sums along x of what n4/fit left, for each z and control point along x.
fn gather_x(y: u32, local: u32) {
  let width = params.points.x;
  for (var k = local; k < params.size.z * width; k += workgroup_size) {
    let z = k / width;
    let x = k - z * width;
    let range = ranges[x];
    var sum = 0.0;
    for (var s = 0u; s < params.stretches; s++) {
      let line = z * params.stretches + s;
      let first = axes[params.fit_y + s * params.rows].first;
      let last = axes[params.fit_y + min((s + 1u) * params.rows, params.size.y) - 1u].first + 3u;
      if (y < first || y > last) { continue; }
      let row = params.size.x * (params.reach * line + y - first);
      for (var i = range.x; i < range.y; i++) { sum += weight_of(axes[params.fit_x + i], x) * columns[row + i]; }
    }
    lines[y * params.size.z * width + k].step = sum;
  }
}

// Sums along z, then the new lattice or omega.
fn gather_z(y: u32, local: u32) {
  let width = params.points.x;
  for (var k = local; k < params.points.z * width; k += workgroup_size) {
    let z = k / width;
    let x = k - z * width;
    let range = ranges[width + z];
    var sum = 0.0;
    for (var i = range.x; i < range.y; i++) {
      sum += weight_of(axes[params.fit_z + i], z) * lines[(y * params.size.z + i) * width + x].step;
    }
    let at = x + width * (y + params.points.y * z);
    if (params.weighing == 1u) {
      nodes[at].omega = sum;
    } else {
      let n = nodes[at];
      var step = 0.0;
      if (n.omega != 0.0) { step = sum / n.omega; }
      let pair = add2(vec2f(n.high, n.low), vec2f(step, 0.0));
      nodes[at] = Node(pair.x, pair.y, n.omega, step);
    }
  }
}

fn spread_z(y: u32, local: u32) {
  let width = params.points.x;
  for (var k = local; k < params.size.z * width; k += workgroup_size) {
    let z = k / width;
    let x = k - z * width;
    let s = axes[params.field_z + z];
    lines[y * params.size.z * width + k] =
      blend(s, node(x, y, s.first), node(x, y, s.first + 1u), node(x, y, s.first + 2u), node(x, y, s.first + 3u));
  }
}

fn spread_x(y: u32, local: u32) {
  for (var z = 0u; z < params.size.z; z++) {
    for (var x = local; x < params.size.x; x += workgroup_size) {
      let s = axes[params.field_x + x];
      let at = (y * params.size.z + z) * params.points.x + s.first;
      controls[(z * params.points.y + y) * params.size.x + x] = blend(s, lines[at], lines[at + 1u], lines[at + 2u], lines[at + 3u]);
    }
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
