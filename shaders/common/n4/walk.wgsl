// The evaluation of the log field along four columns: the four control values around the current sample, moved on span by
// span. Depends on common/n4/shared, common/n4/axis and the global declaration `controls`.
struct Walk {
  current: u32,  // control point of `high`
  at: u32,       // its place in `controls`
  high: vec4f,   // first of the four, a pair
  low: vec4f,
  second: vec4f,  // the other three less the first
  third: vec4f,
  fourth: vec4f,
  steps: mat4x4f,  // step of the last iteration, a column of the matrix per control point
}

fn rise_between(a: Controls, b: Controls) -> vec4f {
  return (b.high - a.high) + (b.low - a.low);
}

fn start_walk(first: u32, column: u32, stride: u32) -> Walk {
  let at = column + first * stride;
  let a = controls[at];
  let b = controls[at + stride];
  let c = controls[at + 2u * stride];
  let d = controls[at + 3u * stride];
  let steps = mat4x4f(a.step, b.step, c.step, d.step);
  return Walk(first, at, a.high, a.low, rise_between(a, b), rise_between(a, c), rise_between(a, d), steps);
}

fn advance(walk: ptr<function, Walk>, first: u32, stride: u32) {
  if ((*walk).current == first) { return; }
  *walk = start_walk(first, (*walk).at - (*walk).current * stride, stride);
}

// Log field at a sample less the first of the four values.
fn rise_of(walk: Walk, s: Sample) -> vec4f {
  return s.weights.y * walk.second + s.weights.z * walk.third + s.weights.w * walk.fourth;
}

fn step_of(walk: Walk, s: Sample) -> vec4f {
  return walk.steps * s.weights;
}
