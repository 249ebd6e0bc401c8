// nn/average: the mean of each channel over all voxels of an image. A workgroup makes four channels of one image: its
// invocations sum blocks of every 64th voxel, the blocks, and then each other in pairs, so that errors do not add up.
// Grid: one workgroup per image and quad of channels; workgroups out of range do nothing.
// Twin: test/reference/nn/pool.ts
#if F16
enable f16;
#endif
#import common/grid
#import common/nn/quad

struct Params {
  voxels: u32,      // of an image
  quads: u32,
  length: u32,      // images times quads
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> activation: array<Quad>;
@group(0) @binding(2) var<storage, read_write> means: array<vec4f>;

override workgroup_size: u32 = 64;

const BLOCK = 32u;
var<workgroup> sh_sums: array<vec4f, workgroup_size>;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, 0u, 1u);
  if (k >= params.length) { return; }
  let first = (k / params.quads) * params.voxels;
  var sum = vec4f();
  for (var start = local; start < params.voxels; start += BLOCK * workgroup_size) {
    var part = vec4f();
    let end = min(start + BLOCK * workgroup_size, params.voxels);
    for (var v = start; v < end; v += workgroup_size) {
      part += vec4f(activation[(first + v) * params.quads + k % params.quads]);
    }
    sum += part;
  }
  sh_sums[local] = sum;
  for (var half = workgroup_size / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { sh_sums[local] += sh_sums[local + half]; }
  }
  if (local == 0u) { means[k] = sh_sums[0] / f32(params.voxels); }
}
