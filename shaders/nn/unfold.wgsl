// nn/unfold: a volume as an activation for a first convolution of few channels: the taps along x and y become channels,
// eight for each row of taps of each channel of the volume, so that the convolution has taps along z alone, and eight
// inputs and more at each.
// One invocation per quad of the result; out-of-range invocations do nothing. Voxels outside the volume are 0.
// Grid: linear over the quads of one image. Twin: test/reference/nn/conv.ts (the convolution as a whole)
#if F16
enable f16;
#endif
#import common/grid
#import common/nn/quad

struct Params {
  size: vec3u,      // of the volume: x, y, z
  channels: u32,    // of the volume
  out_size: vec2u,  // voxels of the result along x and y; like the following
  extent: vec2u,    // taps, at most 8 along x
  stride: vec2u,
  padding: vec2u,
  first: u32,       // quad of the result with which the image begins
  length: u32,      // quads of the image
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> volume: array<f32>;    // [channel][z][y][x]
@group(0) @binding(2) var<storage, read_write> unfolded: array<Quad>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let quads = 2u * params.channels * params.extent.y;
  let quad = k % quads;
  let x = k / quads % params.out_size.x;
  let y = k / quads / params.out_size.x % params.out_size.y;
  let z = k / quads / params.out_size.x / params.out_size.y;
  let row = quad / 2u;
  // Below zero it wraps and is beyond the size.
  let at_y = y * params.stride.y + row % params.extent.y - params.padding.y;
  let start = ((row / params.extent.y * params.size.z + z) * params.size.y + at_y) * params.size.x;
  var taken = vec4f();
  for (var c = 0u; c < 4u; c++) {
    let tap = (quad % 2u) * 4u + c;
    let at_x = x * params.stride.x + tap - params.padding.x;
    if (tap < params.extent.x && at_x < params.size.x && at_y < params.size.y) { taken[c] = volume[start + at_x]; }
  }
  unfolded[params.first + k] = Quad(taken);
}
