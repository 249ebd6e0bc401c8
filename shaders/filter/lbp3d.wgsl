// filter/lbp3d: local binary patterns on a sphere around every voxel of a region.
//   list_inside  the voxels of the region in a box, in any order
//   sample       the image at one point of the sphere around one voxel, by its cubic B-spline, rounded as the image's type is
//   level        which samples are at least as large as the voxel, measured with spherical harmonics of one degree
//   kurtosis     of the samples
// All in numbers of twice the width (common/twofold-math). `sample` has one invocation per voxel and point, voxels fastest;
// the others one per voxel. Grid: linear; out-of-range invocations do nothing.
// Definition: PyRadiomics, radiomics/imageoperations.py. Twin: test/reference/filter/lbp3d.ts
#import common/box
#import common/grid
#import common/twofold-math

struct Params {
  size: vec3u,         // of the box
  length: u32,         // voxels of the box; for all but `list_inside`, voxels of this part of the region
  first: vec3u,        // first voxel of the box
  start: u32,          // first entry of the list in this part
  image_size: vec3u,
  points: u32,         // of the sphere
  coefficients_size: vec3u,
  has_tails: u32,      // 0: the voxels are all there is
  coefficients_before: vec3u,  // coefficients before the first voxel of the box
  rounding: u32,       // of samples
  low: f32,            // range of the integer type
  high: f32,
  first_row: u32,      // of the table
  rows: u32,
  zero: u32,           // 0, unknown to the compiler
}

// How samples are interpolated at one point.
struct Point {
  step: vec3i,         // from the voxel to the first of four coefficients, per axis
  on_grid: u32,        // 1: the point is a voxel, that of the second coefficient
  lowest: vec3i,       // first and last voxel for which the point is inside the image
  unused: u32,
  highest: vec3i,
  unused2: u32,
  weights: array<vec2f, 12>,  // four per axis
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> inside: array<u32>;
@group(0) @binding(2) var<storage, read> voxels: array<f32>;
@group(0) @binding(3) var<storage, read> tails: array<f32>;  // not read without tails
@group(0) @binding(4) var<storage, read> list: array<u32>;   // indices in the box
@group(0) @binding(5) var<storage, read> coefficients: array<f32>;
@group(0) @binding(6) var<storage, read> coefficient_tails: array<f32>;
@group(0) @binding(7) var<storage, read> sphere: array<Point>;
@group(0) @binding(8) var<storage, read> samples: array<vec2f>;
@group(0) @binding(9) var<storage, read> table: array<vec2f>;  // one row of points after the other
@group(0) @binding(10) var<storage, read_write> found: array<u32>;
@group(0) @binding(11) var<storage, read_write> count: atomic<u32>;
@group(0) @binding(12) var<storage, read_write> sampled: array<vec2f>;
@group(0) @binding(13) var<storage, read_write> described: array<u32>;
@group(0) @binding(14) var<storage, read_write> described_tails: array<u32>;

override workgroup_size: u32 = 64;

const TO_F32 = 1u;
const TO_INTEGER = 2u;
const NAN_BITS = 0x7fc00000u;

fn index_of(at: vec3u, size: vec3u) -> u32 { return at.x + size.x * (at.y + size.y * at.z); }

@compute @workgroup_size(workgroup_size)
fn list_inside(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  if (inside[index_of(params.first + position_of(k, params.size), params.image_size)] != 0u) {
    found[atomicAdd(&count, 1u)] = k;
  }
}

fn voxel(at: vec3u) -> vec2f {
  let index = index_of(at, params.image_size);
  var value = vec2f(voxels[index], 0.0);
  if (params.has_tails == 1u) { value.y = tails[index]; }
  return value;
}

fn coefficient_row(start: u32, point: u32) -> vec2f {
  var sum = vec2f(0.0);
  for (var x = 0u; x < 4u + params.zero; x++) {
    let value = vec2f(coefficients[start + x], coefficient_tails[start + x]);
    sum = add2(sum, multiply2(sphere[point].weights[x], value));
  }
  return sum;
}

fn spline(at: vec3i, point: u32) -> vec2f {
  let first = vec3u(at + sphere[point].step + vec3i(params.coefficients_before));
  var sum = vec2f(0.0);
  for (var z = 0u; z < 4u + params.zero; z++) {
    var plane = vec2f(0.0);
    for (var y = 0u; y < 4u + params.zero; y++) {
      let start = index_of(first + vec3u(0u, y, z), params.coefficients_size);
      plane = add2(plane, multiply2(sphere[point].weights[4u + y], coefficient_row(start, point)));
    }
    sum = add2(sum, multiply2(sphere[point].weights[8u + z], plane));
  }
  return sum;
}

// To the nearest integer, halves away from zero, into the range of the type.
fn to_integer(value: vec2f) -> f32 {
  let is_negative = value.x < 0.0;
  let size = add2(select(value, -value, is_negative), vec2f(0.5, 0.0));
  var whole = floor(size.x);
  if (whole == size.x) { whole += floor(size.y); }
  return clamp(select(whole, -whole, is_negative), params.low, params.high);
}

@compute @workgroup_size(workgroup_size)
fn sample(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length * params.points) { return; }
  let point = k / params.length;
  let in_box = position_of(list[params.start + k % params.length], params.size);
  let at = vec3i(params.first + in_box);
  var value = vec2f(0.0);
  if (all(at >= sphere[point].lowest) && all(at <= sphere[point].highest)) {
    if (sphere[point].on_grid == 1u) {
      value = voxel(vec3u(at + sphere[point].step + vec3i(1)));
    } else {
      value = spline(vec3i(in_box), point);
      if (params.rounding == TO_INTEGER) { value = vec2f(to_integer(value), 0.0); }
      if (params.rounding == TO_F32) { value.y = 0.0; }
    }
  }
  sampled[k] = value;
}

@compute @workgroup_size(workgroup_size)
fn level(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let place = list[params.start + k];
  let centre = voxel(params.first + position_of(place, params.size));
  var squares = vec2f(0.0);
  for (var row = params.first_row; row < params.first_row + params.rows; row++) {
    var sum = vec2f(0.0);
    for (var point = 0u; point < params.points; point++) {
      let value = samples[point * params.length + k];
      let is_above = value.x > centre.x || (value.x == centre.x && value.y >= centre.y);
      sum = add2(sum, select(vec2f(0.0), table[row * params.points + point], is_above));
    }
    squares = add2(squares, multiply2(sum, sum));
  }
  let norm = square_root2(squares);
  described[place] = bitcast<u32>(norm.x);
  described_tails[place] = bitcast<u32>(norm.y);
}

@compute @workgroup_size(workgroup_size)
fn kurtosis(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let place = list[params.start + k];
  let number = vec2f(f32(params.points), 0.0);
  var sum = vec2f(0.0);
  for (var point = 0u; point < params.points; point++) { sum = add2(sum, samples[point * params.length + k]); }
  let mean = divide2(sum, number);
  var squares = vec2f(0.0);
  for (var point = 0u; point < params.points; point++) {
    let distance = add2(samples[point * params.length + k], -mean);
    squares = add2(squares, multiply2(distance, distance));
  }
  let variance = divide2(squares, number);
  // Where the values do not differ by more than their rounding there is none: SciPy's limit for f32, ours for the rest.
  let doubt = abs(mean.x) * select(0x1p-42, 1e-6, params.rounding == TO_F32);
  if (!(variance.x > 0.0) || sqrt(variance.x) <= doubt) {
    described[place] = NAN_BITS;
    described_tails[place] = 0u;
    return;
  }
  var fourth = vec2f(0.0);
  for (var point = 0u; point < params.points; point++) {
    let distance = add2(samples[point * params.length + k], -mean);
    let ratio = divide2(multiply2(distance, distance), variance);
    fourth = add2(fourth, multiply2(ratio, ratio));
  }
  let excess = add2(divide2(fourth, number), vec2f(-3.0, 0.0));
  described[place] = bitcast<u32>(excess.x);
  described_tails[place] = bitcast<u32>(excess.y);
}
