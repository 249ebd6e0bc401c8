// normalise/affine: y = clamp((x - origin) scale + shift, low, high) of every voxel. The origin is a sum of two floats and
// is taken off first, so that the result is as exact near the origin as far from it. NaN stays NaN.
// One invocation takes `strip` voxels, a workgroup's width apart.
// Grid: one workgroup per block of voxels; others do nothing. Twin: test/reference/normalise/maps.ts

struct Params {
  length: u32,  // voxels
  strip: u32,   // voxels per invocation
  origin_high: f32,
  origin_low: f32,
  scale: f32,
  shift: f32,
  low: f32,
  high: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read_write> mapped: array<u32>;

override workgroup_size: u32 = 256;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = (group.y * groups.x + group.x) * workgroup_size * params.strip;
  let last = min(first + workgroup_size * params.strip, params.length);
  for (var i = first + local; i < last; i += workgroup_size) {
    let bits = voxels[i];
    let distance = (bitcast<f32>(bits) - params.origin_high) - params.origin_low;
    let y = clamp(distance * params.scale + params.shift, params.low, params.high);
    mapped[i] = select(bitcast<u32>(y), bits, (bits & 0x7fffffffu) > 0x7f800000u);
  }
}
