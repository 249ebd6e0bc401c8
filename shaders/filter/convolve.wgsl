// filter/convolve: convolution along one axis, the samples beyond the image already there, and pooling with what earlier
// runs left. One invocation per result: the sum of `taps` samples by their weights.
// Grid: linear over the results; out-of-range invocations do nothing.
// Definition: IBSI 2, separable filters. Twin: test/reference/filter/ibsi.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,      // results
  axis: u32,
  old_size: vec3u,  // samples
  taps: u32,
  first: u32,       // sample along the axis that the first weight of the first result takes
  magnitude: u32,   // 1: of the absolute values of the samples
  pool: u32,        // 0: overwrite, 1: add, 2: keep the larger
  length: u32,      // number of results
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;  // in the order of the samples
@group(0) @binding(3) var<storage, read_write> pooled: array<f32>;

override workgroup_size: u32 = 64;

const ADD = 1u;
const MAXIMUM = 2u;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  var at = position_of(k, params.size);
  at[params.axis] += params.first;
  let strides = vec3u(1u, params.old_size.x, params.old_size.x * params.old_size.y);
  var place = dot(at, strides);
  let step = strides[params.axis];
  var sum = 0.0;
  for (var t = 0u; t < params.taps; t++) {
    var sample = samples[place];
    if (params.magnitude == 1u) { sample = abs(sample); }
    sum += weights[t] * sample;
    place += step;
  }
  if (params.pool == ADD) { sum += pooled[k]; }
  if (params.pool == MAXIMUM) { sum = max(sum, pooled[k]); }
  pooled[k] = sum;
}
