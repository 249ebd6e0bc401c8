// resample/linear-wide: linear interpolation of values that become whole numbers, on a parallel grid in one pass, decided as
// ITK's float64 decides. One invocation walks a stretch of four neighbouring columns of the grid along z as resample/linear
// does, in float32 with a bound of the error. Where a value lies so near to a whole number that float32 cannot tell its
// side, the voxel is computed again in float64 (common/float64) in ITK's order of operations: most do not, and a number
// that is whole but for rounding is cut off to where ITK's falls.
// Grid: per stretch, linear over groups of four voxels of a plane; columns out of range are not written.
// Definition: itkLinearInterpolateImageFunction.h, itkResampleImageFilter.hxx (LinearThreadedGenerateData).
// Twin: test/reference/resample/itk-linear.ts
#import common/quads
#import common/float64

struct Params {
  size: vec3u,       // of the grid
  stretches: u32,    // per column
  old_size: vec3u,   // of the image
  rows: u32,         // voxels per stretch
  outside: f32,      // value of voxels outside
  wobble: f32,       // largest distance of a position from that of the tables, summed over the axes
  cast_values: u32,  // 1: cut off towards zero, 2: round, halves up; then clamp to `low` to `high`
  low: f32,
  high: f32,
}

// Of an index along an axis: offsets of the samples on both sides, the weight of the second, and how many binary digits
// that has behind the point.
struct Tap {
  low: u32,
  high: u32,
  weight: f32,
  digits: u32,  // or INEXACT, UNSURE, BORDER
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> taps: array<Tap>;  // of all x, then all y, then all z
// float64, low word first: share of the row at each index along x, then for each row where it starts and how far it goes in
// the image (x, y, z of each).
@group(0) @binding(3) var<storage, read> places: array<vec2u>;
@group(0) @binding(4) var<storage, read_write> resampled: array<f32>;

override workgroup_size: u32 = 64;

const OUTSIDE = 0xffffffffu;
// Weights of this many digits or more are rounded in float32.
const INEXACT = 100u;
// Positions, or values, of which float32 does not know whether the samples are those that float64 takes.
const UNSURE = 1000u;
// Positions of which only float64 knows whether they are inside.
const BORDER = 10000u;
// Rows between two looks at what is in doubt: the bits of a word.
const CHUNK = 32u;
// 2^-23: an operation errs by this share at most, whichever way the device rounds.
const ERROR = 1.1920929e-7;
// Halves but for rounding are halves.
const ROUNDING = 1e-8;
const F64_HALF_AND_ROUNDING = vec2u(0x3fe00000u, 0x055e63b9u);
const F64_MINUS_HALF = vec2u(0xbfe00000u, 0u);

// What four columns need of a plane.
struct Columns {
  beyond: vec4<bool>,
  exists: vec4<bool>,
  low_low: vec4u,    // offsets of the samples before along x and y
  high_low: vec4u,   // after along x
  low_high: vec4u,   // after along y
  high_high: vec4u,
  weight_x: vec4f,
  weight_y: vec4f,
  digits: vec4u,
}

// Four values in a plane of the image, and the least and the largest of the samples round each.
struct Plane {
  value: vec4f,
  least: vec4f,
  most: vec4f,
  at: u32,           // offset of the plane
}

fn columns_of(q: Quad) -> Columns {
  let rows = params.size.x + q.v;
  let x = array(taps[q.u.x], taps[q.u.y], taps[q.u.z], taps[q.u.w]);
  let y = array(taps[rows.x], taps[rows.y], taps[rows.z], taps[rows.w]);
  let low_x = vec4u(x[0].low, x[1].low, x[2].low, x[3].low);
  let low_y = vec4u(y[0].low, y[1].low, y[2].low, y[3].low);
  let high_x = vec4u(x[0].high, x[1].high, x[2].high, x[3].high);
  let high_y = vec4u(y[0].high, y[1].high, y[2].high, y[3].high);
  // Beyond the image any sample will do.
  let beyond = (low_x == vec4u(OUTSIDE)) | (low_y == vec4u(OUTSIDE));
  return Columns(
    beyond,
    q.number < vec4u(params.size.x * params.size.y),
    select(low_x + low_y, vec4u(0u), beyond),
    select(high_x + low_y, vec4u(0u), beyond),
    select(low_x + high_y, vec4u(0u), beyond),
    select(high_x + high_y, vec4u(0u), beyond),
    vec4f(x[0].weight, x[1].weight, x[2].weight, x[3].weight),
    vec4f(y[0].weight, y[1].weight, y[2].weight, y[3].weight),
    vec4u(x[0].digits, x[1].digits, x[2].digits, x[3].digits) + vec4u(y[0].digits, y[1].digits, y[2].digits, y[3].digits),
  );
}

fn load(at: vec4u) -> vec4f {
  return vec4f(samples[at.x], samples[at.y], samples[at.z], samples[at.w]);
}

fn plane_of(at: u32, c: Columns) -> Plane {
  let a = load(c.low_low + at);
  let b = load(c.high_low + at);
  let d = load(c.low_high + at);
  let e = load(c.high_high + at);
  let low = a + (b - a) * c.weight_x;
  let high = d + (e - d) * c.weight_x;
  return Plane(low + (high - low) * c.weight_y, min(min(a, b), min(d, e)), max(max(a, b), max(d, e)), at);
}

// The whole numbers of four values, and which of them are in doubt.
struct Wholes {
  value: vec4f,
  doubt: vec4<bool>,
}

fn wholes_of(below: Plane, above: Plane, z: Tap, c: Columns) -> Wholes {
  let value = below.value + (above.value - below.value) * z.weight;
  let least = min(below.least, above.least);
  let most = max(below.most, above.most);
  let spread = most - least;
  let magnitude = max(abs(least), abs(most));
  // Three blends; each errs by the weight, the difference and the product of it, and by the sum.
  let bound = (9.0 * spread + 4.0 * magnitude + 0.5) * ERROR + spread * params.wobble + ROUNDING;
  let rounds = params.cast_values == 2u;
  let moved = select(value, value + 0.5, rounds);
  let near = round(moved);
  // Numbers less than 1 are cut off to 0 from both sides.
  let is_near = (abs(moved - near) <= bound) & ((near != vec4f(0.0)) | vec4<bool>(rounds));
  let digits = c.digits + z.digits;
  // Where float32 holds all digits there is no rounding: whole samples in steps of 2^-digits, below 2^24 of them.
  let is_exact = spread + magnitude <= bitcast<vec4f>((151u - min(digits, vec4u(150u))) << vec4u(23u));
  let is_flat = (spread == vec4f(0.0)) & (digits < vec4u(UNSURE));
  let beyond = c.beyond | vec4<bool>(z.low == OUTSIDE);
  let doubt = ((is_near & !is_exact & !is_flat) | (digits >= vec4u(BORDER))) & !beyond & c.exists;
  let whole = clamp(select(trunc(moved), floor(moved), rounds), vec4f(params.low), vec4f(params.high));
  return Wholes(select(whole, vec4f(params.outside), beyond), doubt);
}

// Towards zero.
fn f64_trunc(a: vec2u) -> vec2u {
  let exponent = i32(f64_exponent(a)) - 1023;
  let fraction = u64_right(vec2u(0xfffffu, 0xffffffffu), u32(clamp(exponent, 0, 52)));
  return select(a & ~fraction, vec2u(a.x & F64_SIGN, 0u), exponent < 0);
}

// Where ITK looks for a voxel along an axis of the image of `n` samples.
struct Place {
  inside: bool,
  low: u32,
  high: u32,
  distance: vec2u,
}

fn place_of(u: u32, row: u32, axis: u32) -> Place {
  let n = params.old_size[axis];
  let base = params.size.x + 6u * row + axis;
  let position = f64_add(places[base].yx, f64_multiply(places[u].yx, places[base + 3u].yx));
  let is_inside = f64_at_least(position, F64_MINUS_HALF) && !f64_at_least(position, f64_of_f32(f32(n) - 0.5));
  let is_negative = position.x >= F64_SIGN;
  // Sizes have less than 20 bits, all of them in the first word.
  let exponent = clamp(i32(f64_exponent(position)) - 1023, -1, 20);
  let digits = ((position.x & 0xfffffu) | 0x100000u) >> u32(20 - max(exponent, 0));
  let low = select(min(digits, n - 1u), 0u, is_negative || exponent < 0);
  let distance = f64_add(position, f64_negate(f64_of_f32(f32(low))));
  return Place(is_inside, low, min(low + 1u, n - 1u), select(distance, vec2u(0u), is_negative));
}

// Before the first sample and beyond the last ITK leaves the axis out, as equal samples do.
fn decided(u: u32, v: u32, w: u32) -> f32 {
  let row = v + params.size.y * w;
  let steps = vec3u(1u, params.old_size.x, params.old_size.x * params.old_size.y);
  var at = array<u32, 8>();
  var distances = array<vec2u, 3>();
  var is_inside = true;
  for (var axis = 0u; axis < 3u; axis++) {
    let place = place_of(u, row, axis);
    distances[axis] = place.distance;
    is_inside = is_inside && place.inside;
    for (var k = 0u; k < 8u; k++) {
      at[k] += steps[axis] * select(place.low, place.high, ((k >> axis) & 1u) == 1u);
    }
  }
  var values = array<vec2u, 8>();
  for (var k = 0u; k < 8u; k++) { values[k] = f64_of_f32(samples[at[k]]); }
  for (var axis = 0u; axis < 3u; axis++) {
    for (var k = 0u; k < (4u >> axis); k++) {
      let low = values[2u * k];
      let difference = f64_add(values[2u * k + 1u], f64_negate(low));
      values[k] = f64_add(low, f64_multiply(difference, distances[axis]));
    }
  }
  let rounds = params.cast_values == 2u;
  let moved = select(values[0], f64_add(values[0], F64_HALF_AND_ROUNDING), rounds);
  let cut = f64_trunc(moved);
  let whole = bitcast<f32>(f32_bits_of_f64(cut)) - f32(rounds && moved.x >= F64_SIGN && any(cut != moved));
  return select(params.outside, clamp(whole, params.low, params.high), is_inside);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let q = quad_of(group.y * groups.x + group.x, local, workgroup_size, params.size, params.stretches, params.rows);
  if (!q.exists) { return; }
  let c = columns_of(q);
  let plane = params.size.x * params.size.y;
  var below = Plane(vec4f(0.0), vec4f(0.0), vec4f(0.0), OUTSIDE);
  var above = below;
  for (var start = q.first; start < q.end; start += CHUNK) {
    var marks = vec4u(0u);
    for (var row = start; row < min(start + CHUNK, q.end); row++) {
      let z = taps[params.size.x + params.size.y + row];
      while (above.at != z.high && z.low != OUTSIDE) {
        below = above;
        above = plane_of(select(z.low, z.high, below.at == z.low), c);
      }
      let found = wholes_of(below, above, z, c);
      marks |= select(vec4u(0u), vec4u(1u << (row - start)), found.doubt);
      let out = q.number + row * plane;
      resampled[out.x] = found.value.x;
      if (c.exists.y) { resampled[out.y] = found.value.y; }
      if (c.exists.z) { resampled[out.z] = found.value.z; }
      if (c.exists.w) { resampled[out.w] = found.value.w; }
    }
    while (any(marks != vec4u(0u))) {
      let column = select(select(select(3u, 2u, marks.z != 0u), 1u, marks.y != 0u), 0u, marks.x != 0u);
      let bit = firstTrailingBit(marks[column]);
      marks &= ~select(vec4u(0u), vec4u(1u << bit), vec4u(0u, 1u, 2u, 3u) == vec4u(column));
      let row = start + bit;
      resampled[q.number[column] + row * plane] = decided(q.u[column], q.v[column], row);
    }
  }
}
