// filter/point: Square, SquareRoot, Logarithm and Exponential of every voxel of a box, as the sum of two f32.
//   lookup   of images of whole numbers, and of those whose largest value is no number: what float64 gives per intensity
//   compute  of other images, in numbers of twice the width (common/twofold-math)
// One invocation takes `strip` voxels, a workgroup's width apart.
// Grid: one workgroup per block of voxels; others do nothing.
// Definition: PyRadiomics, radiomics/imageoperations.py. Twin: test/reference/filter/point.ts
#import common/box
#import common/twofold-math

struct Params {
  size: vec3u,        // of the box
  length: u32,        // voxels of the box
  first: vec3u,       // first voxel of the box
  strip: u32,         // voxels per invocation
  image_size: vec3u,
  has_tails: u32,     // 0: the voxels are all there is
  zero: u32,          // 0, unknown to the compiler
  filter_code: u32,   // what `compute` computes
  by_kind: u32,       // 1: `lookup` goes by kind_of the voxel, 0: by its distance from `minimum`
  minimum: f32,
  coefficient: vec2f,
  peak: vec2f,        // the largest absolute value
  at_peak: vec2f,     // what float64 gives for it
  at_opposite: vec2f, // and for its opposite
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<f32>;
@group(0) @binding(2) var<storage, read> tails: array<f32>;   // not read without tails
@group(0) @binding(3) var<storage, read> table: array<vec2u>;  // bits: NaN would not survive as f32
@group(0) @binding(4) var<storage, read_write> filtered: array<u32>;
@group(0) @binding(5) var<storage, read_write> filtered_tails: array<u32>;

override workgroup_size: u32 = 256;

const SQUARE = 0u;
const SQUARE_ROOT = 1u;
const LOGARITHM = 2u;

fn source_of(k: u32) -> u32 {
  let at = params.first + position_of(k, params.size);
  return at.x + params.image_size.x * (at.y + params.image_size.y * at.z);
}

// -infinity, negative, zero, positive, infinity, NaN.
fn kind_of(bits: u32) -> u32 {
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return 5u; }
  let distance = select(select(1u, 2u, magnitude == 0x7f800000u), 0u, magnitude == 0u);
  return select(2u + distance, 2u - distance, bits >> 31u == 1u);
}

@compute @workgroup_size(workgroup_size)
fn lookup(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = (group.y * groups.x + group.x) * workgroup_size * params.strip;
  let last = min(first + workgroup_size * params.strip, params.length);
  for (var k = first + local; k < last; k += workgroup_size) {
    let value = voxels[source_of(k)];
    var row = u32(value - params.minimum);  // exact
    if (params.by_kind == 1u) { row = kind_of(bitcast<u32>(value)); }
    let pair = table[row];
    filtered[k] = pair.x;
    filtered_tails[k] = pair.y;
  }
}

fn apply(x: vec2f) -> vec2f {
  let is_negative = x.x < 0.0;
  let size = select(x, -x, is_negative);
  if (all(size == params.peak)) { return select(params.at_peak, params.at_opposite, is_negative); }
  if (params.filter_code == SQUARE) {
    let scaled = multiply2(params.coefficient, x);
    return multiply2(scaled, scaled);
  }
  var y: vec2f;
  if (params.filter_code == SQUARE_ROOT) {
    y = square_root2(multiply2(params.coefficient, size));
  } else if (params.filter_code == LOGARITHM) {
    y = multiply2(params.coefficient, logarithm2(add2(size, vec2f(1.0, 0.0))));
  } else {
    return exponential2(multiply2(params.coefficient, x));
  }
  return select(y, -y, is_negative);
}

@compute @workgroup_size(workgroup_size)
fn compute(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = (group.y * groups.x + group.x) * workgroup_size * params.strip;
  let last = min(first + workgroup_size * params.strip, params.length);
  for (var k = first + local; k < last; k += workgroup_size) {
    let source = source_of(k);
    var value = vec2f(voxels[source], 0.0);
    if (params.has_tails == 1u) { value.y = tails[source]; }
    let y = apply(value);
    filtered[k] = bitcast<u32>(y.x);
    filtered_tails[k] = bitcast<u32>(y.y);
  }
}
