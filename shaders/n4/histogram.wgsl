// n4/histogram: triangular Parzen histogram of the log values inside the mask, in fixed point (2^-20 of a voxel).
// A workgroup takes `chunk` consecutive voxels; each of its 8 invocations counts in its own column of shared memory, so
// that no atomics are needed where software drivers and full backgrounds make them slow. The sums are integers: the
// result does not depend on the order of anything.
// Grid: one workgroup per chunk; out-of-range invocations do nothing.
// The smallest value is the true minimum; ITK skips voxels that set a running maximum when it looks for it.
// Definition: itkN4BiasFieldCorrectionImageFilter.hxx (SharpenImage). Twin: test/reference/n4/n4.ts (histogram)
#import common/grid
#import common/n4/shared
#import common/ordered
#import common/twofold
#import common/n4/bins
#import common/add64

struct Params {
  length: u32,       // voxels of the grid
  chunk: u32,        // voxels per workgroup, a multiple of 8, at most 2^14
  bins: u32,         // at most 256
  level_start: u32,  // 1 in the first iteration of a level, which always runs
  zero: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read> control: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<atomic<u32>>;  // low and high word of each bin

override workgroup_size: u32 = 8;
const LANES = 8u;
const ONE = 1048576.0;

var<workgroup> counts: array<u32, 2048>;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  if (params.level_start == 0u && control[ACTIVE] == 0u) { return; }
  let first = (group.y * groups.x + group.x) * params.chunk;
  let end = min(first + params.chunk, params.length);
  let last = params.bins - 1u;
  let scale = bins_of(from_ordered(~control[LOW]), from_ordered(control[HIGH]), f32(last));
  for (var i = first + local; i < end; i += LANES) {
    let v = values[i];
    if (!is_inside(v)) { continue; }
    if (v >= scale.high) {
      if (!scale.drop) { counts[last * LANES + local] += u32(ONE); }
      continue;
    }
    let position = (v - scale.low) / scale.width;
    let below = min(floor(position), f32(last) - 1.0);
    let bin = u32(i32(below));
    let share = u32(i32(clamp(position - below, 0.0, 1.0) * ONE + 0.5));
    counts[bin * LANES + local] += u32(ONE) - share;
    counts[(bin + 1u) * LANES + local] += share;
  }
  workgroupBarrier();
  for (var bin = local; bin < params.bins; bin += LANES) {
    var low = 0u;
    var high = 0u;
    for (var lane = 0u; lane < LANES; lane++) {
      let count = counts[bin * LANES + lane];
      low += count;
      high += u32(low < count);
    }
    if (low > 0u) { add64(2u * bin, low); }
    if (high > 0u) { atomicAdd(&sums[2u * bin + 1u], high); }
  }
}
