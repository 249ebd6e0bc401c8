// resample/rotated: resampling to a grid whose axes are not those of the image. One invocation per voxel of the grid: its
// position is the sum of one shift per axis, each split into a whole number and a fraction by the host in float64, so that
// float32 holds it to 1e-7 voxel. The weights of the stencil along each axis come from a table over the fraction, between
// whose rows it interpolates. Beyond the image samples are repeated, mirrored or left out.
// Grid: linear over the voxels; out-of-range invocations do nothing.
// Definition: src/pipeline/resample/rotated.ts, itkResampleImageFilter.hxx. Twin: test/reference/resample/interpolate.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,
  support: u32,         // samples of the stencil along each axis
  image_size: vec3i,
  before: i32,          // samples of the stencil before the one at or before the position
  origin_whole: vec3i,
  boundary: u32,        // 0 repeat, 1 mirror, 2 leave out and normalise
  origin_part: vec3f,
  rows: u32,            // rows of the table less one; 0 for the nearest voxel, halves up
  cast_values: u32,     // 1: cut off towards zero, 2: round, halves up; then clamp to `low` to `high`
  low: f32,
  high: f32,
  outside: f32,
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> whole: array<i32>;    // x, y, z of every index of x, then y, then z
@group(0) @binding(3) var<storage, read> parts: array<f32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;  // `support` for each fraction
@group(0) @binding(5) var<storage, read_write> resampled: array<f32>;

override workgroup_size: u32 = 64;

fn weight(fraction: f32, t: u32) -> f32 {
  if (params.rows == 0u) { return select(0.0, 1.0, (fraction >= 0.5) == (t == 1u)); }
  let place = fraction * f32(params.rows);
  let row = min(u32(place), params.rows - 1u);
  let a = weights[row * params.support + t];
  let b = weights[(row + 1u) * params.support + t];
  return a + (b - a) * (place - f32(row));
}

fn fold(index: i32, n: i32) -> i32 {
  if (index >= 0 && index < n) { return index; }
  if (params.boundary != 1u || n == 1) { return clamp(index, 0, n - 1); }
  let period = 2 * (n - 1);
  let phase = ((index % period) + period) % period;
  return select(period - phase, phase, phase < n);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let rows = vec3u(at.x, params.size.x + at.y, params.size.x + params.size.y + at.z);
  var floors = params.origin_whole;
  var fraction = params.origin_part;
  for (var axis = 0u; axis < 3u; axis++) {
    let row = 3u * rows[axis];
    floors += vec3i(whole[row], whole[row + 1u], whole[row + 2u]);
    fraction += vec3f(parts[row], parts[row + 1u], parts[row + 2u]);
  }
  let carry = floor(fraction);
  floors += vec3i(carry);
  fraction -= carry;
  let n = params.image_size;
  let low_out = (floors < vec3i(-1)) | ((floors == vec3i(-1)) & (fraction < vec3f(0.5)));
  let high_out = (floors >= n) | ((floors == n - vec3i(1)) & (fraction >= vec3f(0.5)));
  if (any(low_out) || any(high_out)) {
    resampled[k] = params.outside;
    return;
  }
  var sum = 0.0;
  var total = 0.0;
  for (var c = 0u; c < params.support; c++) {
    let z = floors.z - params.before + i32(c);
    let wz = weight(fraction.z, c);
    if (wz == 0.0 || (params.boundary == 2u && (z < 0 || z >= n.z))) { continue; }
    let plane = fold(z, n.z) * n.y;
    for (var b = 0u; b < params.support; b++) {
      let y = floors.y - params.before + i32(b);
      let wy = wz * weight(fraction.y, b);
      if (wy == 0.0 || (params.boundary == 2u && (y < 0 || y >= n.y))) { continue; }
      let line = (plane + fold(y, n.y)) * n.x;
      for (var a = 0u; a < params.support; a++) {
        let x = floors.x - params.before + i32(a);
        if (params.boundary == 2u && (x < 0 || x >= n.x)) { continue; }
        let w = wy * weight(fraction.x, a);
        sum += w * samples[line + fold(x, n.x)];
        total += w;
      }
    }
  }
  if (params.boundary == 2u) { sum /= total; }
  if (params.cast_values != 0u) {
    sum = clamp(select(trunc(sum), floor(sum + 0.5), params.cast_values == 2u), params.low, params.high);
  }
  resampled[k] = sum;
}
