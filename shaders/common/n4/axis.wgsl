// Cubic B-spline weights of samples along an axis, computed where they are needed: whole numbers give the place in the
// lattice exactly, and arithmetic is cheaper than loading five words.
struct Axis {
  spans: u32,      // of the lattice
  intervals: u32,  // between the samples that the lattice spans; 0 for the axis that a 2D image lacks
  start: u32,      // number of the first sample of the grid among them
  whole: u32,      // spans from one sample to the next,
  part: u32,       // and the rest in `intervals`-ths
}

fn axis_of(v: vec3u) -> Axis {
  let whole = v.x / max(v.y, 1u);
  return Axis(v.x, v.y, v.z, whole, v.x - whole * v.y);
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

// The last sample is moved inwards by a thousandth of a voxel, as in ITK.
fn sample_at(axis: Axis, place: Place) -> Sample {
  if (axis.intervals == 0u) { return Sample(0u, vec4f(1.0, 0.0, 0.0, 0.0)); }
  let last = place.span == axis.spans;
  let t = select(f32(place.rest), f32(axis.intervals) - 0.001 * f32(axis.spans), last) / f32(axis.intervals);
  let r = 1.0 - t;
  let weights = vec4f(r * r * r, 4.0 + t * t * (3.0 * t - 6.0), 4.0 + r * r * (3.0 * r - 6.0), t * t * t) / 6.0;
  return Sample(place.span - u32(last), weights);
}

// Numerator of the fit: w^3 / sum of w^2. Denominator: w^2.
fn fit_weights(w: vec4f) -> vec4f {
  let squares = w * w;
  return w * squares / dot(squares, vec4f(1.0));
}
