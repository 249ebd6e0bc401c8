// The evaluation of the log field along four columns: the four control values around the current sample, moved on span by
// span. Depends on common/n4/shared, common/n4/axis and the global declaration `controls`.
struct Walk {
  current: u32,  // control point of `high`; NOWHERE before the first step
  column: u32,   // place in `controls` of the first control point of the columns, and the distance to the next
  stride: u32,
  high: vec4f,   // first of the four, a pair
  low: vec4f,
  second: vec4f,  // the other three less the first
  third: vec4f,
  fourth: vec4f,
  steps: mat4x4f,  // step of the last iteration, a column of the matrix per control point
}

const NOWHERE = 0xffffffffu;

fn walk_of(column: u32, stride: u32) -> Walk {
  let zero = vec4f(0.0);
  return Walk(NOWHERE, column, stride, zero, zero, zero, zero, zero, mat4x4f(zero, zero, zero, zero));
}

fn rise_between(a: Controls, b: Controls) -> vec4f {
  return (b.high - a.high) + (b.low - a.low);
}

fn advance(walk: ptr<function, Walk>, first: u32) {
  if ((*walk).current == first) { return; }
  let stride = (*walk).stride;
  let at = (*walk).column + first * stride;
  let a = controls[at];
  let b = controls[at + stride];
  let c = controls[at + 2u * stride];
  let d = controls[at + 3u * stride];
  (*walk).current = first;
  (*walk).high = a.high;
  (*walk).low = a.low;
  (*walk).second = rise_between(a, b);
  (*walk).third = rise_between(a, c);
  (*walk).fourth = rise_between(a, d);
  (*walk).steps = mat4x4f(a.step, b.step, c.step, d.step);
}

// Log field at a sample less the first of the four values.
fn rise_of(walk: Walk, s: Sample) -> vec4f {
  return s.weights.y * walk.second + s.weights.z * walk.third + s.weights.w * walk.fourth;
}

fn step_of(walk: Walk, s: Sample) -> vec4f {
  return walk.steps * s.weights;
}
