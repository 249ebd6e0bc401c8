// resample/linear: linear interpolation on a parallel grid. One invocation walks a stretch of one column of the grid (fixed
// x and y) along z: it holds the two planes of the image around its place, each interpolated within the plane, and takes
// a new one only where the walk has reached it. By tables, one entry per index along each axis, made in float64 on the host.
// Grid: per stretch, linear over x, then y; out-of-range invocations do nothing.
// Definition: itkLinearInterpolateImageFunction.h (end samples repeated). Twin: test/reference/resample/resample.ts
#import common/columns

struct Params {
  size: vec3u,     // of the grid
  stretches: u32,  // per column
  rows: u32,       // voxels per stretch
  blends_x: u32,   // 0: no index along x lies between two samples
  blends_y: u32,
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
@group(0) @binding(3) var<storage, read_write> resampled: array<f32>;

override workgroup_size: u32 = 64;

const OUTSIDE = 0xffffffffu;

// One row of a plane. The loop is a branch: software drivers run both sides of one.
fn along_x(at: u32, x: Tap) -> f32 {
  var value = samples[at + x.low];
  for (var k = 0u; k < params.blends_x; k++) {
    value = value * (1.0 - x.weight) + samples[at + x.high] * x.weight;
  }
  return value;
}

fn in_plane(at: u32, x: Tap, y: Tap) -> f32 {
  var value = along_x(at + y.low, x);
  for (var k = 0u; k < params.blends_y; k++) {
    value = value * (1.0 - y.weight) + along_x(at + y.high, x) * y.weight;
  }
  return value;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = column_of(group.y * groups.x + group.x, local, workgroup_size, params.size.xy, params.stretches);
  if (!column.exists) { return; }
  let first = column.stretch * params.rows;
  let end = min(first + params.rows, params.size.z);
  let depth = params.size.x + params.size.y;
  let step = params.size.x * params.size.y;
  var out = column.u + params.size.x * (column.v + params.size.y * first);
  var x = taps[column.u];
  var y = taps[params.size.x + column.v];
  let beyond = x.low == OUTSIDE || y.low == OUTSIDE;
  if (beyond) {
    // Any samples will do.
    x = Tap(0u, 0u, 0.0);
    y = x;
  }
  var below = 0.0;
  var above = 0.0;
  var below_at = OUTSIDE;
  var above_at = OUTSIDE;
  for (var row = first; row < end; row++) {
    let z = taps[depth + row];
    while (above_at != z.high && z.low != OUTSIDE) {
      below = above;
      below_at = above_at;
      above_at = select(z.low, z.high, below_at == z.low);
      above = in_plane(above_at, x, y);
    }
    let value = below * (1.0 - z.weight) + above * z.weight;
    resampled[out] = select(value, params.outside, beyond || z.low == OUTSIDE);
    out += step;
  }
}
