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
@group(0) @binding(5) var<storage, read_write> non_finite: atomic<u32>;  // voxels inside the mask that are NaN or infinite

override workgroup_size: u32 = 64;

// One voxel of the result. Counts what is not finite.
fn divided(i: u32, bias: f32, bad: ptr<function, u32>) -> f32 {
  let v = image[i];
  if (params.masked == 1u && ((mask[i >> 5u] >> (i & 31u)) & 1u) == 0u) { return v; }
  *bad += u32((bitcast<u32>(v) & 0x7f800000u) == 0x7f800000u);
  return v / bias;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = column_of(group.y * groups.x + group.x, local, workgroup_size, params.size, params.stretches);
  if (!column.exists) { return; }
  let first = column.stretch * params.rows;
  let end = min(first + params.rows, params.size.y);
  let quads = quads_of(params.size);
  let x = 4u * column.quad;
  var at = x + params.size.x * (first + params.size.y * column.z);
  let axis = axis_of(params.axis);
  var place = place_of(axis, first);
  var walk = walk_of(column.quad + quads * params.points * column.z, quads);
  var bad = 0u;
  for (var y = first; y < end; y++) {
    let s = sample_at(axis, place);
    place = next_place(axis, place);
    advance(&walk, s.first);
    var four = exp(walk.high + (walk.low + rise_of(walk, s)));
    if (x + 4u <= params.size.x) {
      if (params.divide == 1u) {
        four = vec4f(
          divided(at, four.x, &bad), divided(at + 1u, four.y, &bad), divided(at + 2u, four.z, &bad), divided(at + 3u, four.w, &bad),
        );
      }
      corrected[at] = four.x;
      corrected[at + 1u] = four.y;
      corrected[at + 2u] = four.z;
      corrected[at + 3u] = four.w;
    } else {
      for (var k = 0u; k < params.size.x - x; k++) {
        if (params.divide == 1u) { four[k] = divided(at + k, four[k], &bad); }
        corrected[at + k] = four[k];
      }
    }
    at += params.size.x;
  }
  if (bad > 0u) { atomicAdd(&non_finite, bad); }
}
