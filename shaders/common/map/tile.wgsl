// What the kernels of the feature maps share: each invocation computes the features of the neighbourhood of one voxel of a
// tile. The neighbourhood is the box of `radius` around the voxel; its cells that lie in no region do not belong to it.
// The kernels declare `targets` (index of the voxel in `cells`), `cells`, `wanted` and `output`.
struct Params {
  length: u32,    // voxels of the tile
  first: u32,     // place of its first voxel in `targets`
  stride: u32,    // words between two entries of an invocation's part of `scratch`
  features: u32,  // length of `wanted`
  needs: u32,     // groups of features to compute, see the kernel
  offsets: u32,   // length of `offsets`
  option: u32,    // GLCM: count pairs in both directions; GLDM: alpha
  top: u32,       // largest grey level of the region
  radius: vec3i,
  step_y: i32,    // cells between neighbours along y
  step_z: i32,
}

const NAN_BITS = 0x7fc00000u;

// Features of the invocation in the order of the class's names, summed over angles where there are any.
var<private> values: array<f32, 25>;

// Grey level of a cell, 0 outside the region.
fn level_at(index: i32) -> u32 {
  return level_of(cells[u32(index)]);
}

// Writes the wanted features divided by `count`; NaN where that is 0.
fn write_features(k: u32, count: u32) {
  for (var f = 0u; f < params.features; f++) {
    var bits = NAN_BITS;
    if (count > 0u) { bits = bitcast<u32>(values[wanted[f]] / f32(count)); }
    output[f * params.length + k] = bits;
  }
}
