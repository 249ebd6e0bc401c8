// Cubic B-spline weights of samples along an axis, computed where they are needed: whole numbers give the place in the
// lattice exactly, and arithmetic is cheaper than loading five words.
struct Axis {
  spans: u32,      // of the lattice
  intervals: u32,  // between the samples that the lattice spans; 0 for the axis that a 2D image lacks
  start: u32,      // number of the first sample of the grid among them
  whole: u32,      // spans from one sample to the next,
  part: u32,       // and the rest in `intervals`-ths
  scale: f32,      // 1 / intervals
  end: f32,        // place of the last sample in its span: a thousandth of a voxel before the end, as in ITK
}

fn axis_of(v: vec3u) -> Axis {
  let whole = v.x / max(v.y, 1u);
  let scale = 1.0 / f32(max(v.y, 1u));
  return Axis(v.x, v.y, v.z, whole, v.x - whole * v.y, scale, 1.0 - 0.001 * f32(v.x) * scale);
}

// A sample: its span and its place in there, in `intervals`-ths.
struct Place {
  span: u32,
  rest: u32,
}

// The four weights of a sample, and the control point of the first.
struct Sample {
  first: u32,
  weights: vec4f,
}

fn place_of(axis: Axis, i: u32) -> Place {
  let at = (axis.start + i) * axis.spans;
  let span = at / max(axis.intervals, 1u);
  return Place(span, at - span * axis.intervals);
}

fn next_place(axis: Axis, place: Place) -> Place {
  let rest = place.rest + axis.part;
  let carry = u32(rest >= axis.intervals);
  return Place(place.span + axis.whole + carry, rest - carry * axis.intervals);
}

fn sample_at(axis: Axis, place: Place) -> Sample {
  if (axis.intervals == 0u) { return Sample(0u, vec4f(1.0, 0.0, 0.0, 0.0)); }
  let last = place.span == axis.spans;
  let t = select(f32(place.rest) * axis.scale, axis.end, last);
  let r = 1.0 - t;
  let sixth = 0.166666667;
  let b = 0.666666667 + t * t * (0.5 * t - 1.0);
  let c = 0.666666667 + r * r * (0.5 * r - 1.0);
  return Sample(place.span - u32(last), vec4f(sixth * r * r * r, b, c, sixth * t * t * t));
}

// Numerator of the fit: w^3 / sum of w^2. Denominator: w^2.
fn fit_weights(w: vec4f) -> vec4f {
  let squares = w * w;
  return (1.0 / dot(squares, vec4f(1.0))) * w * squares;
}
