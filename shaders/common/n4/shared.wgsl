// What the kernels of N4 share. The voxels of a grid are kept in fours along x (the last of a row may reach beyond the grid,
// and is marked there as outside), in the order of common/n4/column. A column is the line of voxels along y of one (x, z).

// Words of `control`. The smallest value is kept complemented, so that zero means "none yet".
const ACTIVE = 0u;      // 1 while the iterations of the current level go on
const DONE = 1u;        // iterations done so far, all levels
const LOW = 2u;         // complement of the ordered key of the smallest value inside the mask
const HIGH = 3u;        // ordered key of the largest
const INSIDE = 4u;      // voxels of the shrunk grid inside the mask
const NON_FINITE = 5u;  // of them: NaN or infinite
const LEVELS = 8u;      // from here: iterations done in each level

// A value that no logarithm reaches marks the voxels outside the mask.
const OUTSIDE = 3e38;

fn is_inside(values: vec4f) -> vec4<bool> {
  return values < vec4f(1e38);
}

// Four numbers of twice the width of f32.
struct Pairs {
  high: vec4f,
  low: vec4f,
}

// Control values of the log field of four columns, and of the step of the last iteration.
struct Controls {
  high: vec4f,
  low: vec4f,
  step: vec4f,
}
