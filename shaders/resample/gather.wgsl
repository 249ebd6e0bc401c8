// resample/gather: picks voxels by one table of linear offsets per axis: nearest neighbours, crops, flips and permutations
// of axes. One invocation per voxel of the grid; where a table says outside, it writes the default. Words are copied as
// they are, so that labels stay exact.
// Grid: linear over the voxels; out-of-range invocations do nothing.
// Definition: itkResampleImageFilter.hxx. Twin: test/reference/resample/resample.ts
#import common/grid
#import common/box

struct Params {
  size: vec3u,
  outside: u32,   // word of voxels outside
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
  var word = params.outside;
  if (x != OUTSIDE && y != OUTSIDE && z != OUTSIDE) {
    word = voxels[x + y + z];
  }
  picked[k] = word;
}
