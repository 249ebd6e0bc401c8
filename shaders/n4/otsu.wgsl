// n4/otsu: a mask by Otsu's threshold.
//  count: histogram of the whole image. One invocation takes every workgroup_size-th voxel of its workgroup's strip.
//  threshold: one bit per voxel, 1 above the threshold. One invocation per word of 32 voxels.
// Grid: linear over voxels / STRIP, and over words; out-of-range invocations do nothing.
// Definition: itkHistogramThresholdImageFilter, 200 bins. Twin: test/reference/n4/otsu.ts
#import common/grid

struct Params {
  length: u32,     // voxels
  bins: u32,       // at most 256
  strip: u32,      // voxels per invocation
  low: f32,        // count: start of the first bin
  width: f32,      // count: of a bin
  limit: f32,      // threshold: largest f32 that is not above it
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> mask: array<u32>;

override workgroup_size: u32 = 64;

var<workgroup> own: array<atomic<u32>, 256>;

@compute @workgroup_size(workgroup_size)
fn count(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = linear_invocation(group, groups, 0u, workgroup_size) * params.strip + local;
  for (var k = 0u; k < params.strip; k++) {
    let i = first + k * workgroup_size;
    if (i >= params.length) { break; }
    let bin = clamp(i32((image[i] - params.low) / params.width), 0, i32(params.bins) - 1);
    atomicAdd(&own[bin], 1u);
  }
  workgroupBarrier();
  for (var bin = local; bin < params.bins; bin += workgroup_size) {
    let n = atomicLoad(&own[bin]);
    if (n > 0u) { atomicAdd(&counts[bin], n); }
  }
}

@compute @workgroup_size(workgroup_size)
fn threshold(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let word = linear_invocation(group, groups, local, workgroup_size);
  let first = word * 32u;
  if (first >= params.length) { return; }
  var bits = 0u;
  for (var k = 0u; k < min(32u, params.length - first); k++) { bits |= u32(image[first + k] > params.limit) << k; }
  mask[word] = bits;
}
