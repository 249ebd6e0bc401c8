// nn/unfold: a volume as an activation for a first convolution of few channels: the taps along x become channels, eight
// for each channel of the volume, so that the convolution has one tap along x and eight inputs at once.
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
  width: u32,       // voxels of the result along x
  taps: u32,        // at most 8
  stride: u32,      // along x, like padding
  padding: u32,
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
  let quads = 2u * params.channels;
  let quad = k % quads;
  let x = k / quads % params.width;
  let row = k / quads / params.width;
  let rows = params.size.y * params.size.z;
  let start = ((quad / 2u) * rows + row) * params.size.x;
  var taken = vec4f();
  for (var c = 0u; c < 4u; c++) {
    let tap = (quad % 2u) * 4u + c;
    // Below zero it wraps and is beyond the size.
    let at = x * params.stride + tap - params.padding;
    if (tap < params.taps && at < params.size.x) { taken[c] = volume[start + at]; }
  }
  unfolded[params.first + k] = Quad(taken);
}
