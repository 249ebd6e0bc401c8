// nn/inside: a region as one u32 per voxel, 1 inside and 0 outside, from one bit per voxel, lowest bit first. Bits are what is
// uploaded: crops of many regions may hold the same voxels many times.
// One invocation per voxel. Grid: linear over the voxels; out-of-range invocations do nothing. Twin: `insideOf` of
// src/pipeline/nn/inside.ts makes the bits of labels; test/nn/inside.test.ts reads them from the labels.
#import common/grid

struct Params {
  length: u32,  // voxels
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read_write> inside: array<u32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = linear_invocation(group, groups, local, workgroup_size);
  if (i >= params.length) { return; }
  inside[i] = (bits[i >> 5u] >> (i & 31u)) & 1u;
}
