// n4/refine: exact subdivision of the lattice, k -> 2 k - 3 control points along an axis, the same curve.
// One invocation per new control point; an axis whose number of points stays is copied (z of a 2D image).
// Grid: linear over the new control points; out-of-range invocations do nothing.
// Definition: Lee, Wolberg, Shin 1997, section 4: (1, 1) / 2 and (1, 6, 1) / 8. Twin: test/reference/n4/n4.ts (refine)
#import common/grid
#import common/box
#import common/twofold

struct Params {
  coarse: vec3u,   // control points before
  length: u32,     // control points after, all
  fine: vec3u,     // control points after
  zero: u32,
}

struct Node {
  high: f32,
  low: f32,
  omega: f32,
  step: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> coarse: array<Node>;
@group(0) @binding(2) var<storage, read_write> nodes: array<Node>;

override workgroup_size: u32 = 64;

// Weights times 8 of coarse points k / 2, k / 2 + 1, k / 2 + 2.
fn weights_of(k: u32, from_points: u32, to_points: u32) -> vec3f {
  if (from_points == to_points) { return vec3f(8.0, 0.0, 0.0); }
  return select(vec3f(4.0, 4.0, 0.0), vec3f(1.0, 6.0, 1.0), (k & 1u) == 1u);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = linear_invocation(group, groups, local, workgroup_size);
  if (i >= params.length) { return; }
  let at = position_of(i, params.fine);
  let first = select(at / 2u, at, params.coarse == params.fine);
  let wx = weights_of(at.x, params.coarse.x, params.fine.x);
  let wy = weights_of(at.y, params.coarse.y, params.fine.y);
  let wz = weights_of(at.z, params.coarse.z, params.fine.z);
  var sum = vec2f(0.0);
  for (var z = 0u; z < 3u; z++) {
    for (var y = 0u; y < 3u; y++) {
      for (var x = 0u; x < 3u; x++) {
        // Multiples of 1/512, so the product of a weight and a half of the pair is all that is rounded.
        let weight = wx[x] * wy[y] * wz[z] / 512.0;
        if (weight == 0.0) { continue; }
        let n = coarse[first.x + x + params.coarse.x * (first.y + y + params.coarse.y * (first.z + z))];
        sum = add2(sum, multiply2(vec2f(weight, 0.0), vec2f(n.high, n.low)));
      }
    }
  }
  nodes[i] = Node(sum.x, sum.y, 0.0, 0.0);
}
