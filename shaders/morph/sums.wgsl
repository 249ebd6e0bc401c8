// morph/sums: sums over the voxels of a region of products of its deviations d, its potentials (m: of the region, p: of the
// deviations) and positions, each as the sum of two f32. One invocation takes every `stride`-th number of the box, so that the
// sums do not depend on the device's order; the host adds up the invocations. Invocations beyond `stride` do nothing.
// Sums: d, d^2, d x, d y, d z, m, p, d^2 m, d p. Positions are relative to the middle of the box, in voxels.
// Twin: test/reference/morph/autocorrelation.ts
#import common/grid
#import common/twofold

struct Params {
  size: vec3u,   // numbers along x, y, z, z fastest, real parts first; those behind the box are 0
  stride: u32,
  depth: u32,    // voxels of the box along z
  zero: u32,     // see common/twofold
  sums: u32,     // 9: loop bounds that are not constant are not unrolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> deviations: array<f32>;
@group(0) @binding(2) var<storage, read> potentials: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<vec2f>;

override workgroup_size: u32 = 64;
const SUMS = 9u;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = linear_invocation(group, groups, local, workgroup_size);
  if (first >= params.stride) { return; }
  let size = params.size;
  let length = size.x * size.y * size.z;
  let middle = 0.5 * vec3f(vec3u(size.xy, params.depth) - vec3u(1u));
  var total: array<vec2f, SUMS>;
  for (var k = first; k < length; k += params.stride) {
    if (deviations[k] == 0.0) { continue; }
    let d = deviations[k + length];
    let column = k / size.z;
    let at = vec3f(vec3u(column / size.y, column % size.y, k - column * size.z)) - middle;
    let field = vec2f(potentials[k], potentials[k + length]);
    let square = d * d;
    var terms = array<f32, SUMS>(d, square, d * at.x, d * at.y, d * at.z, field.x, field.y, square * field.x, d * field.y);
    for (var t = 0u; t < params.sums; t++) {
      let sum = two_sum(total[t].x, terms[t]);
      total[t] = vec2f(sum.x, total[t].y + sum.y);
    }
  }
  for (var t = 0u; t < params.sums; t++) { sums[first * params.sums + t] = total[t]; }
}
