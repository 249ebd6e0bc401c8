// roi/encode: keys of the voxels of a box, cut out of an image on the GPU. One invocation per voxel of the box; it
// writes the voxel's key (common/key) into its cell of the padded box. Grid: linear over the box; out-of-range
// invocations do nothing, padding cells stay zero. Images of integer types hold whole numbers that float32 has exactly.
// Twin: `encodeKeys` of src/pipeline/keys.ts
#import common/grid
#import common/box
#import common/key

struct Params {
  box_size: vec3u,
  pad: u32,
  box_first: vec3u,
  kind: u32,        // 0 float, 1 signed integer, 2 unsigned integer
  padded_size: vec3u,
  length: u32,      // voxels of the box
  image_size: vec3u,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;  // bits of float32 values
@group(0) @binding(2) var<storage, read_write> keys: array<u32>;

override workgroup_size: u32 = 64;

// Decided on the bits: devices may flush denormals and compare NaN as they like.
fn float_key(bits: u32) -> u32 {
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return NAN_HIGH; }
  if (magnitude == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) != 0u);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.box_size);
  let source = at + params.box_first;
  let bits = voxels[source.x + params.image_size.x * (source.y + params.image_size.y * source.z)];
  let target_cell = at + params.pad;
  let cell = target_cell.x + params.padded_size.x * (target_cell.y + params.padded_size.y * target_cell.z);
  if (params.kind == 0u) {
    keys[cell] = float_key(bits);
  } else if (params.kind == 1u) {
    keys[cell] = bitcast<u32>(i32(bitcast<f32>(bits))) ^ 0x80000000u;
  } else {
    keys[cell] = u32(bitcast<f32>(bits));
  }
}
