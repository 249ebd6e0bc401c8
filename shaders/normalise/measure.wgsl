// normalise/measure: count, extremes, sums and the histogram of the leading key digit of all sampled voxels, in one pass
// over memory. A workgroup takes a block of consecutive voxels, `strip` per invocation, and reads it twice, the second
// time out of its cache: first for the extremes, then for the sums.
// The sums are exact integers of fixed-point numbers q = round(x 2^k), where k is the largest at which the block fits in
// 24 bits: float32 within a factor of two of the block's largest magnitude and whole numbers up to 2^24 lose nothing,
// smaller values less than the last bit of the largest. d = q - centre of the block; d^2 is summed in halves of 12 bits,
// which do not overflow for strip <= 64.
// Row of a block in `blocks` (16 u32): count, ~min key, max key, OR of the bits; then 64-bit sums (low, high) of
// d + 2^24, of h^2, h l and l^2 with |d| = 2^12 h + l; then the centre (i32), k + 127, 2 unused.
// `digits` gets the counts of the leading 11 bits of the keys where `digits` of params is not 0.
// Grid: one workgroup per block; others do nothing. Twin: test/reference/normalise/statistics.ts
#import common/sampling
#import common/add64

struct Params {
  length: u32,   // voxels
  blocks: u32,
  strip: u32,    // voxels per invocation, at most 64
  digits: u32,   // 2048, or 0 where no histogram is wanted
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
@group(0) @binding(3) var<storage, read_write> blocks: array<u32>;
@group(0) @binding(4) var<storage, read_write> digits: array<atomic<u32>>;

override workgroup_size: u32 = 256;
const ROW = 16u;
const SUMS = 12u;
const OFFSET = 1 << 24;
const DIGIT_SHIFT = 21u;

var<workgroup> sums: array<atomic<u32>, SUMS>;
var<workgroup> columns: array<atomic<u32>, 2048>;

fn fixed_point(key: u32, scale: f32) -> i32 {
  return i32(round(bitcast<f32>(bits_of_key(key)) * scale));
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= params.blocks) { return; }
  let first = index * workgroup_size * params.strip;
  let last = min(first + workgroup_size * params.strip, params.length);

  var count = 0u;
  var low = NAN_HIGH;
  var high = 0u;
  var bits = 0u;
  // Neighbouring rows are often alike: one atomic per run of one digit.
  var digit = 0u;
  var run = 0u;
  for (var i = first + local; i < last; i += workgroup_size) {
    let key = key_of_bits(voxels[i]);
    if (!is_sampled(i, key)) { continue; }
    let measured = sampled_key(key);
    count++;
    low = min(low, measured);
    high = max(high, measured);
    bits |= bits_of_key(measured);
    if (params.digits > 0u) {
      let here = measured >> DIGIT_SHIFT;
      if (here != digit && run > 0u) {
        atomicAdd(&columns[digit], run);
        run = 0u;
      }
      digit = here;
      run++;
    }
  }
  if (run > 0u) { atomicAdd(&columns[digit], run); }
  atomicAdd(&sums[0], count);
  atomicMax(&sums[1], ~low);
  atomicMax(&sums[2], high);
  atomicOr(&sums[3], bits);
  workgroupBarrier();

  low = ~atomicLoad(&sums[1]);
  high = atomicLoad(&sums[2]);
  let largest = max(bits_of_key(low) & 0x7fffffffu, bits_of_key(high) & 0x7fffffffu) >> 23u;
  let exponent = min(277u - max(largest, 23u), 254u);
  let scale = bitcast<f32>(exponent << 23u);
  let centre = (fixed_point(low, scale) + fixed_point(high, scale)) >> 1u;
  var total = 0u;
  var high_high = 0u;
  var high_low = 0u;
  var low_low = 0u;
  for (var i = first + local; i < last; i += workgroup_size) {
    let key = key_of_bits(voxels[i]);
    if (!is_sampled(i, key)) { continue; }
    let d = fixed_point(sampled_key(key), scale) - centre;
    let magnitude = u32(abs(d));
    let h = magnitude >> 12u;
    let l = magnitude & 0xfffu;
    total += u32(d + OFFSET);
    high_high += h * h;
    high_low += h * l;
    low_low += l * l;
  }
  add64(4u, total);
  add64(6u, high_high);
  add64(8u, high_low);
  add64(10u, low_low);
  workgroupBarrier();

  let row = index * ROW;
  for (var k = local; k < SUMS; k += workgroup_size) { blocks[row + k] = atomicLoad(&sums[k]); }
  if (local == 0u) {
    blocks[row + SUMS] = bitcast<u32>(centre);
    blocks[row + SUMS + 1u] = exponent;
  }
  for (var k = local; k < params.digits; k += workgroup_size) {
    let counted = atomicLoad(&columns[k]);
    if (counted > 0u) { atomicAdd(&digits[k], counted); }
  }
}
