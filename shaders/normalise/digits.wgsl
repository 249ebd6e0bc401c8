// normalise/digits: one step of a radix selection: of the sampled voxels whose leading key digits lead to a wanted order
// statistic, the histogram of the next 11 bits. One invocation takes `strip` voxels, a workgroup's width apart, and adds
// once per run of one column.
// `paths` leads from digit to digit: entry of the leading digit = 1 + slot of the second digit, or 0 where no wanted
// statistic lies; entry 2048 (1 + slot) + second digit = 1 + slot of the third digit, or 0.
// Grid: one workgroup per block; others do nothing. Twin: test/reference/normalise/order.ts
#import common/sampling

struct Params {
  length: u32,  // voxels
  strip: u32,   // voxels per invocation
  depth: u32,   // digits known: 1 or 2
  shift: u32,   // of the digit to count: 10, then 0 (whose upper bit belongs to the digit before)
  within: u32,
  above_key: u32,
  low_key: u32,
  high_key: u32,
  deviation: u32,
  centre_high: f32,
  centre_low: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read> paths: array<u32>;
@group(0) @binding(4) var<storage, read_write> counts: array<atomic<u32>>;

override workgroup_size: u32 = 256;
const RADIX = 2048u;
const NONE = 0xffffffffu;

// The column of a voxel in `counts`, or NONE.
fn column_of(key: u32) -> u32 {
  let measured = sampled_key(key);
  var slot = paths[measured >> 21u];
  if (slot != 0u && params.depth == 2u) { slot = paths[slot * RADIX + ((measured >> 10u) & (RADIX - 1u))]; }
  return select(NONE, (slot - 1u) * RADIX + ((measured >> params.shift) & (RADIX - 1u)), slot != 0u);
}

fn add_digit(run: ptr<function, vec2u>, key: u32) {
  let column = column_of(key);
  if (column == NONE) { return; }
  if (column != (*run).x && (*run).y > 0u) {
    atomicAdd(&counts[(*run).x], (*run).y);
    (*run).y = 0u;
  }
  *run = vec2u(column, (*run).y + 1u);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let strip = strip_of(group.y * groups.x + group.x, local, workgroup_size);
  var run = vec2u();
  for (var i = strip.first; i < strip.plain_end; i += workgroup_size) {
    let key = key_of_bits(voxels[i]);
    if (is_sampled(key)) { add_digit(&run, key); }
  }
  for (var i = strip.first; i < strip.masked_end; i += workgroup_size) {
    if (mask[i] != 0u) { add_digit(&run, key_of_bits(voxels[i])); }
  }
  if (run.y > 0u) { atomicAdd(&counts[run.x], run.y); }
}
