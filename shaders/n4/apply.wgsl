// n4/apply: the field on the grid of the whole image. One invocation walks a stretch of four columns along y and
// writes the image divided by exp(log field) inside the mask and the image itself outside; or exp(log field) everywhere.
// Grid: per stretch, linear over fours of x, then z; out-of-range invocations do nothing.
// Twin: test/reference/n4/n4.ts (correct)
#import common/n4/axis
#import common/n4/column
#import common/n4/shared
#import common/n4/walk

struct Params {
  size: vec3u,      // of the image
  stretches: u32,   // per column
  rows: u32,        // voxels per stretch
  points: u32,      // control points along y
  axis: vec3u,      // along y (Axis)
  masked: u32,      // 1: `mask` has one bit per voxel
  divide: u32,      // 1: the corrected image; 0: the field
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read> controls: array<Controls>;
@group(0) @binding(4) var<storage, read_write> corrected: array<f32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = column_of(group.y * groups.x + group.x, local, workgroup_size, params.size, params.stretches);
  if (!column.exists) { return; }
  let first = column.stretch * params.rows;
  let end = min(first + params.rows, params.size.y);
  let quads = quads_of(params.size);
  let x = 4u * column.quad;
  let there = min(4u, params.size.x - x);
  var at = x + params.size.x * (first + params.size.y * column.z);
  let axis = axis_of(params.axis);
  var place = place_of(axis, first);
  var walk = walk_of(column.quad + quads * params.points * column.z, quads);
  for (var y = first; y < end; y++) {
    let s = sample_at(axis, place);
    place = next_place(axis, place);
    advance(&walk, s.first);
    let bias = exp(walk.high + (walk.low + rise_of(walk, s)));
    for (var k = 0u; k < there; k++) {
      let i = at + k;
      if (params.divide == 0u) {
        corrected[i] = bias[k];
      } else {
        let v = image[i];
        let inside = params.masked == 0u || ((mask[i >> 5u] >> (i & 31u)) & 1u) == 1u;
        corrected[i] = select(v, v / bias[k], inside);
      }
    }
    at += params.size.x;
  }
}
