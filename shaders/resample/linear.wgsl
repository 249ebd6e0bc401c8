// resample/linear: linear interpolation on a parallel grid. One invocation walks a stretch of four neighbouring columns of the
// grid (fixed x and y) along z: it holds the two planes of the image around its place, each interpolated within the plane,
// and takes a new one only where the walk has reached it. By tables, one entry per index along each axis, made in float64
// on the host. `main` stores four voxels at a time and needs planes of a multiple of four voxels; `ragged` does not.
// Grid: per stretch, linear over groups of four voxels of a plane; columns out of range are not written.
// Definition: itkLinearInterpolateImageFunction.h (end samples repeated). Twin: test/reference/resample/interpolate.ts
#import common/quads

struct Params {
  size: vec3u,     // of the grid
  stretches: u32,  // per column
  rows: u32,       // voxels per stretch
  blends: u32,     // 0: all columns run through samples
  outside: f32,    // value of voxels outside
}

// Of an index along an axis: offsets of the samples on both sides, and the weight of the second.
struct Tap {
  low: u32,
  high: u32,
  weight: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> taps: array<Tap>;  // of all x, then all y, then all z
@group(0) @binding(3) var<storage, read_write> quads: array<vec4f>;  // the new samples by fours
@group(0) @binding(4) var<storage, read_write> resampled: array<f32>;

override workgroup_size: u32 = 64;

const OUTSIDE = 0xffffffffu;

// What four columns need of a plane.
struct Columns {
  beyond: vec4<bool>,
  low_low: vec4u,    // offsets of the samples before along x and y
  high_low: vec4u,   // after along x
  low_high: vec4u,   // after along y
  high_high: vec4u,
  weight_x: vec4f,
  weight_y: vec4f,
  // Ends of two loops: over the rows of columns that run through samples, and of others. One is 0: software drivers run
  // both sides of a branch inside a loop.
  climb_end: u32,
  walk_end: u32,
}

struct Walk {
  below: vec4f,
  above: vec4f,
  below_at: u32,     // offsets of these planes
  above_at: u32,
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
    select(low_x + low_y, vec4u(0u), beyond),
    select(high_x + low_y, vec4u(0u), beyond),
    select(low_x + high_y, vec4u(0u), beyond),
    select(high_x + high_y, vec4u(0u), beyond),
    vec4f(x[0].weight, x[1].weight, x[2].weight, x[3].weight),
    vec4f(y[0].weight, y[1].weight, y[2].weight, y[3].weight),
    select(q.end, 0u, params.blends == 1u),
    select(0u, q.end, params.blends == 1u),
  );
}

fn load(at: vec4u) -> vec4f {
  return vec4f(samples[at.x], samples[at.y], samples[at.z], samples[at.w]);
}

fn blend(low: vec4f, high: vec4f, weight: vec4f) -> vec4f {
  return low * (1.0 - weight) + high * weight;
}

fn in_plane(at: u32, c: Columns) -> vec4f {
  let low = blend(load(c.low_low + at), load(c.high_low + at), c.weight_x);
  let high = blend(load(c.low_high + at), load(c.high_high + at), c.weight_x);
  return blend(low, high, c.weight_y);
}

fn start_walk() -> Walk {
  return Walk(vec4f(0.0), vec4f(0.0), OUTSIDE, OUTSIDE);
}

fn is_behind(walk: Walk, z: Tap) -> bool {
  return walk.above_at != z.high && z.low != OUTSIDE;
}

fn lift(walk: ptr<function, Walk>, z: Tap) {
  (*walk).below = (*walk).above;
  (*walk).below_at = (*walk).above_at;
  (*walk).above_at = select(z.low, z.high, (*walk).below_at == z.low);
}

fn value_of(walk: Walk, z: Tap, c: Columns) -> vec4f {
  let value = walk.below * (1.0 - z.weight) + walk.above * z.weight;
  return select(value, vec4f(params.outside), c.beyond | vec4<bool>(z.low == OUTSIDE));
}

// The four voxels of a row.
fn walk_to(walk: ptr<function, Walk>, z: Tap, c: Columns) -> vec4f {
  while (is_behind(*walk, z)) {
    lift(walk, z);
    (*walk).above = in_plane((*walk).above_at, c);
  }
  return value_of(*walk, z, c);
}

// The same where all columns run through samples.
fn climb_to(walk: ptr<function, Walk>, z: Tap, c: Columns) -> vec4f {
  while (is_behind(*walk, z)) {
    lift(walk, z);
    (*walk).above = load(c.low_low + (*walk).above_at);
  }
  return value_of(*walk, z, c);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let q = quad_of(group.y * groups.x + group.x, local, workgroup_size, params.size, params.stretches, params.rows);
  if (!q.exists) { return; }
  let c = columns_of(q);
  let step = params.size.x * params.size.y / 4u;
  var out = q.number.x / 4u + q.first * step;
  var walk = start_walk();
  for (var row = q.first; row < c.climb_end; row++) {
    quads[out] = climb_to(&walk, taps[params.size.x + params.size.y + row], c);
    out += step;
  }
  for (var row = q.first; row < c.walk_end; row++) {
    quads[out] = walk_to(&walk, taps[params.size.x + params.size.y + row], c);
    out += step;
  }
}

@compute @workgroup_size(workgroup_size)
fn ragged(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let q = quad_of(group.y * groups.x + group.x, local, workgroup_size, params.size, params.stretches, params.rows);
  if (!q.exists) { return; }
  let c = columns_of(q);
  let plane = params.size.x * params.size.y;
  var out = q.number + q.first * plane;
  var walk = start_walk();
  for (var row = q.first; row < q.end; row++) {
    let value = walk_to(&walk, taps[params.size.x + params.size.y + row], c);
    resampled[out.x] = value.x;
    if (q.number.y < plane) { resampled[out.y] = value.y; }
    if (q.number.z < plane) { resampled[out.z] = value.z; }
    if (q.number.w < plane) { resampled[out.w] = value.w; }
    out += plane;
  }
}
