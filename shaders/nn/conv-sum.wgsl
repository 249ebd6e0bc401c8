// nn/conv-sum: adds the parts of a convolution that nn/conv:part has left, the first ones first, and ends it. One invocation
// per voxel and quad of channels; out-of-range invocations do nothing. Grid: linear, quads first, then voxels in the order
// of work. Twin: test/reference/nn/conv.ts
#if F16
enable f16;
#endif
#import common/grid
#import common/nn/convolution
#import common/nn/unscale

@group(0) @binding(6) var<storage, read> parts: array<vec4f>;   // [part][place in the order of work][quad]

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  let length = params.voxels * params.out_quads;
  if (k >= length) { return; }
  let quad = k % params.out_quads;
  var sum = vec4f();
  for (var part = 0u; part < params.part_count; part++) { sum += parts[part * length + k]; }
  finish(voxel_at(k / params.out_quads), quad, unscaled(sum, quad));
}
