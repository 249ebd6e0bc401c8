// resample/gather: picks voxels by one table of linear offsets per axis: nearest neighbours, crops, flips and permutations
// of axes. One invocation per voxel of the grid; where a table says outside, it writes the default. Values of integer
// types are clamped and cut off towards zero, as ITK casts them. Words are copied as they are when there is no cast, so
// that labels stay exact.
// Grid: linear over the voxels; out-of-range invocations do nothing.
// Definition: itkResampleImageFilter.hxx. Twin: test/reference/resample/resample.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,
  cast_values: u32,    // 1: to whole numbers from `low` to `high`
  low: f32,
  high: f32,
  outside_word: u32,   // what voxels outside become
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;  // of all x, then all y, then all z
@group(0) @binding(3) var<storage, read_write> picked: array<u32>;

override workgroup_size: u32 = 64;

const OUTSIDE = 0xffffffffu;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let at = position_of(k, params.size);
  let x = offsets[at.x];
  let y = offsets[params.size.x + at.y];
  let z = offsets[params.size.x + params.size.y + at.z];
  var word = params.outside_word;
  if (x != OUTSIDE && y != OUTSIDE && z != OUTSIDE) {
    word = voxels[x + y + z];
    if (params.cast_values == 1u) {
      word = bitcast<u32>(clamp(trunc(bitcast<f32>(word)), params.low, params.high));
    }
  }
  picked[k] = word;
}
