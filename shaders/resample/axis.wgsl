// resample/axis: resampling along one axis. One invocation per new sample: the weighted sum of `count` neighbours along
// the axis, by tables made in float64 on the host. Along the other axes a box is cut out of the old samples.
// Grid: linear over the new samples; out-of-range invocations do nothing.
// Definition: src/pipeline/resample/interpolators.ts. Twin: test/reference/resample/interpolate.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,       // new samples
  axis: u32,
  old_size: vec3u,
  count: u32,        // samples of the stencil
  old_first: vec3u,  // first sample of the box; unused along the axis
  length: u32,       // number of new samples
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> first: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> resampled: array<f32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let row = at[params.axis];
  var old = at + params.old_first;
  old[params.axis] = first[row];
  let strides = vec3u(1u, params.old_size.x, params.old_size.x * params.old_size.y);
  let base = dot(old, strides);
  let step = strides[params.axis];
  var sum = 0.0;
  for (var t = 0u; t < params.count; t++) {
    sum += weights[row * params.count + t] * samples[base + t * step];
  }
  resampled[k] = sum;
}
