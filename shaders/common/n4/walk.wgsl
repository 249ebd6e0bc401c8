// The evaluation of the log field along a column: the four control values around the current sample, moved on span by span.
// Depends on common/n4/shared, common/n4/axis and the global declaration `controls`.
struct Walk {
  current: u32,    // control point of `high`
  at: u32,         // its place in `controls`
  high: f32,       // first of the four, a pair
  low: f32,
  rises: vec3f,    // the other three less the first
  steps: vec4f,    // step of the last iteration
}

fn start_walk(first: u32, column: u32, stride: u32) -> Walk {
  let at = column + first * stride;
  let a = controls[at];
  let b = controls[at + stride];
  let c = controls[at + 2u * stride];
  let d = controls[at + 3u * stride];
  let rises = vec3f((b.high - a.high) + (b.low - a.low), (c.high - a.high) + (c.low - a.low), (d.high - a.high) + (d.low - a.low));
  return Walk(first, at, a.high, a.low, rises, vec4f(a.step, b.step, c.step, d.step));
}

fn advance(walk: ptr<function, Walk>, first: u32, stride: u32) {
  if ((*walk).current == first) { return; }
  *walk = start_walk(first, (*walk).at - (*walk).current * stride, stride);
}

// Log field at a sample less the first of the four values.
fn rise_of(walk: Walk, s: Sample) -> f32 {
  return dot(s.weights.yzw, walk.rises);
}

fn step_of(walk: Walk, s: Sample) -> f32 {
  return dot(s.weights, walk.steps);
}
