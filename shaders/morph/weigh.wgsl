// morph/weigh: multiplies a spectrum by that of the weights, which is real and the same for a frequency and its negative.
// Both are planes of x, then z, then y fastest. One invocation per number of the spectrum; out-of-range invocations do
// nothing. Twin: test/reference/morph/autocorrelation.ts, which has the sums instead of the convolution
#import common/grid

struct Params {
  size: vec3u,        // numbers along y, z, x in this part
  first: u32,         // number of its first plane
  half_size: vec2u,   // of the spectrum of the weights along y, z
  lengths: vec3u,     // frequencies along y, z, x of the whole; there may be more numbers along y, which are not read
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> spectrum: array<f32>;  // real parts, then imaginary ones

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  let size = params.size;
  let length = size.x * size.y * size.z;
  if (k >= length) { return; }
  let row = k / size.x;
  let at = vec3u(k - row * size.x, row % size.y, params.first + row / size.y);
  if (at.x >= params.lengths.x) { return; }
  let folded = min(at, params.lengths - at);
  let weight = weights[(folded.z * params.half_size.y + folded.y) * params.half_size.x + folded.x];
  spectrum[k] *= weight;
  spectrum[k + length] *= weight;
}
