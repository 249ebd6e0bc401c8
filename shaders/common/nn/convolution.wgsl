// What the direct convolutions share: params, bindings, the order of the voxels.
#import common/nn/quad
#import common/nn/finish

struct Params {
  in_size: vec3u,         // x, y, z
  in_octets: u32,         // channels of the input by eight
  out_size: vec3u,
  out_quads: u32,         // channels of the result by four
  extent: vec3u,          // taps of the kernel
  voxels: u32,            // of the results of all images
  stride: vec3u,
  run: u32,               // voxels along x that are neighbours in the order of work; divides out_size.x
  dilation: vec3u,
  rectify: u32,           // 1: negative results become 0
  padding: vec3u,
  shortcut_quads: u32,    // channels that are added by four, the others have nothing to add; 0: no shortcut
  shortcut_size: vec3u,
  shortcut_stride: u32,   // along all axes
  part_octets: u32,       // of the input's octets, how many make a part of the sums; a multiple of two, or all
  part_count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> activation: array<Quad>;
@group(0) @binding(2) var<storage, read> weights: array<Quad>;   // [outputs / 16][tap][octet of inputs][quad of 16][input], four outputs each
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> shortcut: array<Quad>;
@group(0) @binding(5) var<storage, read_write> results: array<Quad>;

// Voxel (x, y, z, image) of a place in the order of work: runs along x, the same run of all rows, the runs of a slice.
// Dilated kernels reach out of small images: voxels side by side in this order need the same taps.
fn voxel_at(place: u32) -> vec4u {
  var rest = place / params.run;
  let y = rest % params.out_size.y;
  rest /= params.out_size.y;
  let runs = params.out_size.x / params.run;
  let x = (rest % runs) * params.run + place % params.run;
  rest /= runs;
  return vec4u(x, y, rest % params.out_size.z, rest / params.out_size.z);
}

// Voxel of the input under the first tap; coordinates wrap below zero, so that a comparison with the size finds them.
fn first_tap(voxel: vec4u) -> vec3u {
  return voxel.xyz * params.stride - params.padding;
}
