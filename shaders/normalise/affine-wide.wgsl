// normalise/affine-wide: normalise/affine in numbers of twice the width (common/twofold), so that grey levels are those of a
// float64 computation. What float32 cannot hold of a value goes to `mapped_tails`. NaN stays NaN.
// One invocation takes `strip` voxels, a workgroup's width apart.
// Grid: one workgroup per block of voxels; others do nothing. Twin: test/reference/normalise/maps.ts
#import common/twofold

struct Params {
  length: u32,     // voxels
  strip: u32,      // voxels per invocation
  has_tails: u32,  // 0: the voxels are float32
  zero: u32,       // 0, unknown to the compiler
  origin: vec2f,
  scale: vec2f,
  shift: vec2f,
  low: vec2f,
  high: vec2f,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> tails: array<f32>;  // not read without tails
@group(0) @binding(3) var<storage, read_write> mapped: array<u32>;
@group(0) @binding(4) var<storage, read_write> mapped_tails: array<f32>;

override workgroup_size: u32 = 256;

fn less2(a: vec2f, b: vec2f) -> bool {
  return a.x < b.x || (a.x == b.x && a.y < b.y);
}

fn map_value(value: vec2f) -> vec2f {
  let y = add2(multiply2(add2(value, -params.origin), params.scale), params.shift);
  if (less2(y, params.low)) { return params.low; }
  if (less2(params.high, y)) { return params.high; }
  return y;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = (group.y * groups.x + group.x) * workgroup_size * params.strip;
  let last = min(first + workgroup_size * params.strip, params.length);
  for (var i = first + local; i < last; i += workgroup_size) {
    let bits = voxels[i];
    var value = vec2f(bitcast<f32>(bits), 0.0);
    if (params.has_tails == 1u) { value.y = tails[i]; }
    if ((bits & 0x7fffffffu) < 0x7f800000u) {
      let y = map_value(value);
      mapped[i] = bitcast<u32>(y.x);
      mapped_tails[i] = y.y;
    } else {
      // Infinity has no low word, and NaN no place in a range.
      let y = clamp(value.x * params.scale.x, params.low.x, params.high.x);
      mapped[i] = select(bitcast<u32>(y), bits, (bits & 0x7fffffffu) > 0x7f800000u);
      mapped_tails[i] = 0.0;
    }
  }
}
