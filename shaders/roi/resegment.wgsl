// roi/resegment: takes out of the regions every voxel whose intensity is outside the region's closed range, and every NaN.
// One invocation per entry of the voxel list; out-of-range invocations do nothing.
// Row of a region in `thresholds`: lower high, lower low, upper high, upper low (keys).
// Definition: PyRadiomics imageoperations.resegmentMask. Twin: test/reference/roi/roi.ts (resegmented)
#import common/grid
#import common/cell
#import common/key

struct Params {
  length: u32,
  words: u32,       // words per key, 1 or 2
  float_keys: u32,  // 1 where the largest key means NaN
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> keys: array<u32>;
@group(0) @binding(3) var<storage, read> thresholds: array<u32>;
@group(0) @binding(4) var<storage, read_write> cells: array<u32>;

override workgroup_size: u32 = 64;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) { return; }
  let row = region_of(cell) * 4u;
  var key = Key(keys[index * params.words], 0u);
  if (params.words == 2u) { key.low = keys[index * 2u + 1u]; }
  let nan = params.float_keys == 1u && key.high == NAN_HIGH;
  let below = key_less(key, Key(thresholds[row], thresholds[row + 1u]));
  let above = key_less(Key(thresholds[row + 2u], thresholds[row + 3u]), key);
  if (nan || below || above) { cells[index] = 0u; }
}
