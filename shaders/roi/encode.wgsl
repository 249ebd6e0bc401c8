// roi/encode: keys of the voxels of a list, or of all of the box, cut out of an image on the GPU. One invocation per voxel; it
// writes its key (common/key) into its cell of the padded box, all other cells keep what they hold. Grid: linear over the
// voxels; out-of-range invocations do nothing. Images of integer types hold whole numbers that float32 has exactly.
// Twin: `encodeKeys` of src/pipeline/keys.ts
#import common/grid
#import common/box
#import common/key

struct Params {
  padded: vec3u,     // size of the padded box
  length: u32,       // voxels
  first: vec3i,      // voxel of the image at the first cell of the padded box; may lie before the image
  kind: u32,         // of the keys; none of float64
  image_size: vec3u,
  pad: u32,
  box_size: vec3u,   // without the padding
  listed: u32,       // 1: the voxels of the list; 0: all of the box
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;  // the list: cells
@group(0) @binding(2) var<storage, read> samples: array<u32>;  // bits of float32 values
@group(0) @binding(3) var<storage, read> tails: array<u32>;    // bits of what is to be added; not read without tails
@group(0) @binding(4) var<storage, read_write> keys: array<u32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  var position: vec3u;
  if (params.listed == 1u) {
    position = position_of(voxels[k], params.padded);
  } else {
    position = position_of(k, params.box_size) + params.pad;
  }
  let cell = position.x + params.padded.x * (position.y + params.padded.y * position.z);
  let at = vec3u(vec3i(position) + params.first);
  let index = at.x + params.image_size.x * (at.y + params.image_size.y * at.z);
  let bits = samples[index];
  if (params.kind == KEY_FLOAT32) {
    keys[cell] = key_of_bits(bits);
  } else if (params.kind == KEY_INT) {
    keys[cell] = bitcast<u32>(i32(bitcast<f32>(bits))) ^ 0x80000000u;
  } else if (params.kind == KEY_UINT) {
    keys[cell] = u32(bitcast<f32>(bits));
  } else {
    let key = key_of_bits(bits);
    // Infinity has no tail; of NaN both words are the largest.
    let finite = (bits & 0x7fffffffu) < 0x7f800000u;
    keys[2u * cell] = key;
    keys[2u * cell + 1u] = select(key_of_bits(select(0u, tails[index], finite)), NAN_HIGH, key == NAN_HIGH);
  }
}
