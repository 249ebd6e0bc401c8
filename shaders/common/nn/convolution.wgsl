// What the convolution kernels share: params, bindings, the order of the voxels, and the end of a convolution, where the
// bias, the way around the block and the rectifier are applied.
#import common/nn/quad

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

// Index of the first quad of a voxel.
fn quad_of(voxel: vec3u, image: u32, size: vec3u, quads: u32) -> u32 {
  return (((image * size.z + voxel.z) * size.y + voxel.y) * size.x + voxel.x) * quads;
}

fn finish(voxel: vec4u, quad: u32, sum: vec4f) {
  var value = sum + bias[quad];
  if (quad < params.shortcut_quads) {
    let at = quad_of(voxel.xyz * params.shortcut_stride, voxel.w, params.shortcut_size, params.shortcut_quads);
    value += vec4f(shortcut[at + quad]);
  }
  // NaN stays, which max() need not do.
  if (params.rectify == 1u) { value = select(value, vec4f(), value < vec4f()); }
  results[quad_of(voxel.xyz, voxel.w, params.out_size, params.out_quads) + quad] = Quad(value);
}
