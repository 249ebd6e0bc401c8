// roi/range: smallest and largest intensity key of each region, and how many voxels are NaN.
// One invocation takes STRIP consecutive entries of the voxel list. Two-word keys need two passes over the words: pass 0
// finds the extreme high words, pass 1 the extreme low words among voxels whose high word is extreme.
// Grid: linear over strips; out-of-range invocations do nothing.
// Row of a region in `ranges`: ~min high, ~min low, max high, max low, NaN count, 3 unused (zero means "none yet").
// Twin: test/reference/roi/roi.ts (ranges)
#import common/grid
#import common/cell
#import common/key

struct Params {
  length: u32,     // entries of the voxel list
  words: u32,      // words per key, 1 or 2
  pass_index: u32, // 0 or 1
  float_keys: u32, // 1 where the largest key means NaN
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> cells: array<u32>;
@group(0) @binding(2) var<storage, read> voxels: array<u32>;
@group(0) @binding(3) var<storage, read> keys: array<u32>;
@group(0) @binding(4) var<storage, read_write> ranges: array<atomic<u32>>;

override workgroup_size: u32 = 64;
const STRIP = 16u;
const ROW = 8u;

struct Run {
  region: u32,
  low: u32,
  high: u32,
  nans: u32,
}

fn flush(run: Run) {
  let row = run.region * ROW;
  if (run.low <= run.high) {
    atomicMax(&ranges[row + params.pass_index], ~run.low);
    atomicMax(&ranges[row + 2u + params.pass_index], run.high);
  }
  if (run.nans > 0u) { atomicAdd(&ranges[row + 4u], run.nans); }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = linear_invocation(group, groups, local, workgroup_size) * STRIP;
  var run = Run(0u, 0xffffffffu, 0u, 0u);
  let last = min(first + STRIP, params.length);
  // One step beyond the strip adds what the last run saw.
  for (var k = first; k <= last; k++) {
    let index = voxels[min(k, last - 1u)];
    let cell = cells[index];
    if (cell == 0u && k < last) { continue; }
    let region = region_of(cell);
    if (region != run.region || k == last) {
      flush(run);
      run = Run(region, 0xffffffffu, 0u, 0u);
    }
    if (k == last) { break; }
    let high = keys[index * params.words];
    if (params.pass_index == 0u) {
      if (params.float_keys == 1u && high == NAN_HIGH) {
        run.nans++;
      } else {
        run.low = min(run.low, high);
        run.high = max(run.high, high);
      }
    } else {
      // The two extremes apart: a low word counts for the end whose high word it has.
      let row = region * ROW;
      let low = keys[index * params.words + 1u];
      if (high == ~atomicLoad(&ranges[row])) { atomicMax(&ranges[row + 1u], ~low); }
      if (high == atomicLoad(&ranges[row + 2u])) { atomicMax(&ranges[row + 3u], low); }
    }
  }
}
