// filter/gradient: the magnitude of the gradient by central differences, rounded to f32 from numbers of twice the width
// (common/twofold-math). Outside the image its border goes on. One invocation takes `strip` voxels of the box, a workgroup's
// width apart.
// Grid: one workgroup per block of voxels; others do nothing.
// Definition: ITK's GradientMagnitudeImageFilter. Twin: test/reference/filter/gradient.ts
#import common/box
#import common/twofold-math

struct Params {
  size: vec3u,        // of the box
  length: u32,        // voxels of the box
  first: vec3u,       // first voxel of the box
  strip: u32,         // voxels per invocation
  image_size: vec3u,
  has_tails: u32,     // 0: the voxels are all there is
  axes: u32,          // 3: a loop bound that is not constant is not unrolled
  zero: u32,          // 0, unknown to the compiler
  half_width: array<vec4f, 3>,  // per axis half of one over the spacing (high, low)
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> tails: array<f32>;  // not read without tails
@group(0) @binding(3) var<storage, read_write> gradient: array<u32>;

override workgroup_size: u32 = 256;

const INFINITY_BITS = 0x7f800000u;
const NAN_BITS = 0x7fc00000u;

fn voxel(index: u32) -> vec2f {
  var value = vec2f(bitcast<f32>(voxels[index]), 0.0);
  if (params.has_tails == 1u) { value.y = tails[index]; }
  return value;
}

// The difference of two of which one at least is no number, as float64 has it: infinite or NaN.
fn odd_difference(before: u32, after: u32) -> u32 {
  let magnitudes = vec2u(before, after) & vec2u(0x7fffffffu);
  let no_number = any(magnitudes > vec2u(INFINITY_BITS)) || (before == after);
  return select(INFINITY_BITS, NAN_BITS, no_number);
}

fn magnitude_at(at: vec3u) -> u32 {
  let strides = vec3u(1u, params.image_size.x, params.image_size.x * params.image_size.y);
  let centre = dot(at, strides);
  // ITK multiplies the voxel itself by 0, which makes NaN of what is no number.
  var odd = select(0u, NAN_BITS, (voxels[centre] & INFINITY_BITS) == INFINITY_BITS);
  var sum = vec2f(0.0);
  for (var axis = 0u; axis < params.axes; axis++) {
    let before = centre - select(0u, strides[axis], at[axis] > 0u);
    let after = centre + select(0u, strides[axis], at[axis] + 1u < params.image_size[axis]);
    let bits = vec2u(voxels[before], voxels[after]);
    if (any((bits & vec2u(INFINITY_BITS)) == vec2u(INFINITY_BITS))) { odd = max(odd, odd_difference(bits.x, bits.y)); }
    let slope = multiply2(params.half_width[axis].xy, add2(voxel(after), -voxel(before)));
    sum = add2(sum, multiply2(slope, slope));
  }
  return select(bitcast<u32>(square_root2(sum).x), odd, odd != 0u);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = (group.y * groups.x + group.x) * workgroup_size * params.strip;
  let last = min(first + workgroup_size * params.strip, params.length);
  for (var k = first + local; k < last; k += workgroup_size) {
    gradient[k] = magnitude_at(params.first + position_of(k, params.size));
  }
}
