// n4/histogram: triangular Parzen histogram of the log values inside the mask, in fixed point (2^-20 of a voxel).
// A workgroup takes `chunk` consecutive fours of voxels; each of its 8 invocations counts in its own column of shared memory,
// so that no atomics are needed where software drivers and full backgrounds make them slow. A word counts the voxels between
// two bin centres and sums up their distances from the lower one: one addition per voxel. All sums are integers: the
// result does not depend on the order of anything.
// Grid: one workgroup per chunk; out-of-range invocations do nothing.
// The smallest value is the true minimum; ITK skips voxels that set a running maximum when it looks for it.
// Definition: itkN4BiasFieldCorrectionImageFilter.hxx (SharpenImage). Twin: test/reference/n4/n4.ts (histogram)
#import common/grid
#import common/n4/shared
#import common/ordered
#import common/twofold
#import common/whole
#import common/n4/bins
#import common/add64

struct Params {
  length: u32,       // fours of voxels of the grid
  chunk: u32,        // of them per workgroup, a multiple of 8, at most 8 * 127
  bins: u32,         // at most 256
  count_shift: u32,  // a word of a column: number of voxels from this bit on, below it the sum of their distances,
  unit_bits: u32,    // in 2^-unit_bits of a bin
  level_start: u32,  // 1 in the first iteration of a level, which always runs
  zero: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<vec4f>;
@group(0) @binding(2) var<storage, read> control: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<atomic<u32>>;  // low and high word of each bin

override workgroup_size: u32 = 8;
const LANES = 8u;
const ONE_BITS = 20u;

var<workgroup> counts: array<u32, 2048>;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  if (params.level_start == 0u && control[ACTIVE] == 0u) { return; }
  let first = (group.y * groups.x + group.x) * params.chunk;
  let end = min(first + params.chunk, params.length);
  let last = params.bins - 1u;
  let scale = bins_of(from_ordered(~control[LOW]), from_ordered(control[HIGH]), f32(last));
  let voxel = 1u << params.count_shift;
  let unit = f32(1u << params.unit_bits);
  let per_bin = 1.0 / scale.width;
  let top = select(voxel, 0u, scale.drop);
  for (var i = first + local; i < end; i += LANES) {
    let v = values[i];
    let inside = is_inside(v);
    if (!any(inside)) { continue; }
    let position = clamp((v - scale.low) * per_bin, vec4f(0.0), vec4f(f32(last)));
    let below = min(floor(position), vec4f(f32(last) - 1.0));
    let largest = v >= vec4f(scale.high);
    let words = select(vec4u(0u), select(voxel + whole((position - below) * unit), vec4u(top), largest), inside);
    let at = select(whole(below), vec4u(last), largest) * LANES + local;
    counts[at.x] += words.x;
    counts[at.y] += words.y;
    counts[at.z] += words.z;
    counts[at.w] += words.w;
  }
  workgroupBarrier();
  for (var bin = local; bin < params.bins; bin += LANES) {
    var voxels = 0u;
    var distances = 0u;
    for (var lane = 0u; lane < LANES; lane++) {
      let word = counts[bin * LANES + lane];
      voxels += word >> params.count_shift;
      distances += word & (voxel - 1u);
    }
    if (voxels == 0u) { continue; }
    distances <<= ONE_BITS - params.unit_bits;
    add64(2u * bin, (voxels << ONE_BITS) - distances);
    if (distances > 0u) { add64(2u * bin + 2u, distances); }
  }
}
