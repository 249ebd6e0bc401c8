// morph/deviations: the box of a region as complex numbers, z fastest, real parts first: 1 where a voxel is inside, with
// (intensity - origin) scale as imaginary part; 0 elsewhere. The origin is a number near the mean; it is subtracted before anything is rounded:
// exact for integers and where both are near each other. One invocation per number; out-of-range invocations do
// nothing. Twin: test/reference/morph/autocorrelation.ts (voxelsOf, and the differences from the mean)
#import common/grid
#import common/cell
#import common/key

struct Params {
  size: vec3u,        // numbers along x, y, z
  region: u32,
  first: vec3u,       // its first voxel in the padded box
  depth: u32,         // voxels of the region's box along z; behind them are zeros
  kind: u32,          // of the keys
  padded: vec2u,      // voxels of the padded box along x and y
  origin: vec2u,      // as a key of the kind (float64, twofold: high word, low word)
  scale: f32,         // a power of two
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> cells: array<u32>;
@group(0) @binding(2) var<storage, read> keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> deviations: array<f32>;

override workgroup_size: u32 = 64;

// A float64 as the sum of two float32; the second takes the bits that the first has no room for.
fn split_key(key: vec2u) -> vec2f {
  let negative = (key.x >> 31u) == 0u;
  let bits = select(vec2u(key.x ^ 0x80000000u, key.y), ~key, negative);
  let sign = select(1.0, -1.0, negative);
  let biased = i32((bits.x >> 20u) & 0x7ffu);
  if (biased == 0) { return vec2f(0.0); }
  let exponent = biased - 1023;
  let high = f32(0x800000u | ((bits.x & 0xfffffu) << 3u) | (bits.y >> 29u));
  // 29 bits, in two parts that float32 holds.
  let rest = f32((bits.y & 0x1fffffffu) >> 6u) + f32(bits.y & 0x3fu) * 0.015625;
  return sign * vec2f(ldexp(high, exponent - 23), ldexp(rest, exponent - 46));
}

// value - origin.
fn deviation(index: u32) -> f32 {
  if (params.kind == KEY_TWOFOLD) {
    let high = float_of_key(keys[2u * index]) - float_of_key(params.origin.x);
    return high + (float_of_key(keys[2u * index + 1u]) - float_of_key(params.origin.y));
  }
  if (params.kind == KEY_FLOAT64) {
    let value = split_key(vec2u(keys[2u * index], keys[2u * index + 1u]));
    let origin = split_key(params.origin);
    return (value.x - origin.x) + (value.y - origin.y);
  }
  if (params.kind == KEY_FLOAT32) { return float_of_key(keys[index]) - float_of_key(params.origin.x); }
  // Integers: the difference of the keys, which may need all 32 bits and a sign.
  let key = keys[index];
  return select(-f32(params.origin.x - key), f32(key - params.origin.x), key >= params.origin.x);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  let size = params.size;
  let length = size.x * size.y * size.z;
  if (k >= length) { return; }
  let column = k / size.z;
  let place = vec3u(column / size.y, column % size.y, k - column * size.z);
  var value = vec2f(0.0);
  if (place.z < params.depth) {
    let at = params.first + place;
    let index = (at.z * params.padded.y + at.y) * params.padded.x + at.x;
    let cell = cells[index];
    if (cell != 0u && region_of(cell) == params.region) { value = vec2f(1.0, deviation(index) * params.scale); }
  }
  deviations[k] = value.x;
  deviations[k + length] = value.y;
}
