// resample/label: the value that the neighbourhood speaks for. One invocation per voxel of the grid: of the values around it
// it takes the one whose voxels weigh most together, if they weigh enough. Weights by one table per axis, made on the host.
// Grid: linear over the voxels; out-of-range invocations do nothing.
// Definition: itkLabelImageGaussianInterpolateImageFunction.hxx; IBSI 1, section 2.4 (interpolated masks). Twin: test/reference/resample/labels.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,
  length: u32,
  counts: vec3u,        // samples of the stencil along each axis of the grid
  otherwise: u32,       // word where nothing weighs enough, and outside
  strides: vec3u,       // of the image, along each axis of the grid
  least: f32,           // weight that counts as enough
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<u32>;
@group(0) @binding(2) var<storage, read> first: array<u32>;    // of all x, then y, then z
@group(0) @binding(3) var<storage, read> weights: array<f32>;  // likewise
@group(0) @binding(4) var<storage, read_write> chosen: array<u32>;

override workgroup_size: u32 = 64;

const OUTSIDE = 0xffffffffu;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let starts = vec3u(first[at.x], first[params.size.x + at.y], first[params.size.x + params.size.y + at.z]);
  if (any(starts == vec3u(OUTSIDE))) {
    chosen[k] = params.otherwise;
    return;
  }
  let counts = params.counts;
  let wx = at.x * counts.x;
  let wy = params.size.x * counts.x + at.y * counts.y;
  let wz = params.size.x * counts.x + params.size.y * counts.y + at.z * counts.z;
  let base = dot(starts, params.strides);
  let total = counts.x * counts.y * counts.z;
  var best = -1.0;
  var value = params.otherwise;
  for (var i = 0u; i < total; i++) {
    let p = position_of(i, counts);
    let candidate = samples[base + dot(p, params.strides)];
    if (candidate == value && best >= 0.0) { continue; }
    // What is written otherwise need not win.
    if (candidate == params.otherwise && params.least > 0.0) { continue; }
    var sum = 0.0;
    for (var c = 0u; c < counts.z; c++) {
      for (var b = 0u; b < counts.y; b++) {
        let line = base + b * params.strides.y + c * params.strides.z;
        let plane = weights[wz + c] * weights[wy + b];
        for (var a = 0u; a < counts.x; a++) {
          if (samples[line + a * params.strides.x] == candidate) { sum += plane * weights[wx + a]; }
        }
      }
    }
    if (sum > best && sum >= params.least) {
      best = sum;
      value = candidate;
    }
  }
  chosen[k] = value;
}
