// normalise/measure: what is known of the sampled voxels, block by block, in one pass over memory. A workgroup takes a block
// of consecutive voxels, `strip` per invocation.
// `statistics`: extremes and sums. The block is read twice, the second time out of its cache. The sums are exact, of whole
// numbers q in units of the last bit of the block's largest magnitude: float32 within a factor of two of it and integers
// up to 2^24 lose nothing, smaller values at most half a unit. d = q - centre of the block; d^2 is summed in halves of 12
// bits, which do not overflow for strip <= 64.
// `distribution`: extremes, and the counts of the leading 11 bits of the keys of all blocks in `digits`.
// Row of a block in `blocks` (16 u32): count, ~min key, max key, OR of the bits; after `statistics` also 64-bit sums (low,
// high) of d + 2^24, of h^2, h l and l^2 with |d| = 2^12 h + l, the centre (i32), the exponent (unit 2^(exponent - 150)).
// Grid: one workgroup per block; others do nothing. Twins: test/reference/normalise/statistics.ts, order.ts
#import common/sampling
#import common/add64

struct Params {
  length: u32,   // voxels
  blocks: u32,
  strip: u32,    // voxels per invocation, at most 64
  sums: u32,     // 4: a loop bound that is not constant is not unrolled
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
const EXTREMES = 4u;  // words of a row, after which come the sums
const SUMS = 12u;
const OFFSET = 1 << 24;
const RADIX = 2048u;
const DIGIT_SHIFT = 21u;

var<workgroup> sums: array<atomic<u32>, SUMS>;
var<workgroup> columns: array<atomic<u32>, 2048>;
// What each invocation found; a few of them put it together, since atomics by all would take longer than the voxels.
var<workgroup> found: array<vec4u, workgroup_size>;
const COLLECTORS = 16u;

// A float32 as a whole number of units of 2^(exponent - 150), to the nearest; in integers, since conversion is slow on
// software drivers and denormals are lost in arithmetic on others.
fn fixed_point(bits: u32, exponent: u32) -> i32 {
  let own = max((bits >> 23u) & 0xffu, 1u);
  let significand = (bits & 0x7fffffu) | select(0u, 0x800000u, (bits & 0x7f800000u) != 0u);
  let shift = min(exponent - own, 31u);
  let magnitude = i32((significand + ((1u << shift) >> 1u)) >> shift);
  let sign = i32(bits) >> 31u;
  return (magnitude ^ sign) - sign;
}

fn add_extremes(seen: ptr<function, vec4u>, measured: u32) {
  *seen = vec4u((*seen).x + 1u, max((*seen).y, ~measured), max((*seen).z, measured), (*seen).w | bits_of_key(measured));
}

fn add_moments(total: ptr<function, vec4u>, measured: u32, exponent: u32, centre: i32) {
  let d = fixed_point(bits_of_key(measured), exponent) - centre;
  let magnitude = u32(abs(d));
  let h = magnitude >> 12u;
  let l = magnitude & 0xfffu;
  *total += vec4u(u32(d + OFFSET), h * h, h * l, l * l);
}

// Neighbouring rows are often alike: one atomic per run of one digit.
fn add_digit(run: ptr<function, vec2u>, measured: u32) {
  let digit = measured >> DIGIT_SHIFT;
  if (digit != (*run).x && (*run).y > 0u) {
    atomicAdd(&columns[(*run).x], (*run).y);
    (*run).y = 0u;
  }
  *run = vec2u(digit, (*run).y + 1u);
}

// Puts together what the invocations have seen: sums[0 .. 3] of the block.
fn reduce_extremes(seen: vec4u, local: u32) {
  found[local] = seen;
  workgroupBarrier();
  if (local < COLLECTORS) {
    var all = vec4u();
    for (var k = local; k < workgroup_size; k += COLLECTORS) {
      let one = found[k];
      all = vec4u(all.x + one.x, max(all.yz, one.yz), all.w | one.w);
    }
    atomicAdd(&sums[0], all.x);
    atomicMax(&sums[1], all.y);
    atomicMax(&sums[2], all.z);
    atomicOr(&sums[3], all.w);
  }
  workgroupBarrier();
}

fn find_extremes(strip: Strip, local: u32) {
  var seen = vec4u();
  for (var i = strip.first; i < strip.plain_end; i += workgroup_size) {
    let key = key_of_bits(voxels[i]);
    if (is_sampled(key)) { add_extremes(&seen, sampled_key(key)); }
  }
  for (var i = strip.first; i < strip.masked_end; i += workgroup_size) {
    if (mask[i] != 0u) { add_extremes(&seen, sampled_key(key_of_bits(voxels[i]))); }
  }
  reduce_extremes(seen, local);
}

// sums[4 .. 11] and the last words of the block's row.
fn find_moments(strip: Strip, local: u32, row: u32) {
  let low = ~atomicLoad(&sums[1]);
  let high = atomicLoad(&sums[2]);
  let exponent = max((max(bits_of_key(low) & 0x7fffffffu, bits_of_key(high) & 0x7fffffffu)) >> 23u, 1u);
  let centre = (fixed_point(bits_of_key(low), exponent) + fixed_point(bits_of_key(high), exponent)) >> 1u;
  var total = vec4u();
  for (var i = strip.first; i < strip.plain_end; i += workgroup_size) {
    let key = key_of_bits(voxels[i]);
    if (is_sampled(key)) { add_moments(&total, sampled_key(key), exponent, centre); }
  }
  for (var i = strip.first; i < strip.masked_end; i += workgroup_size) {
    if (mask[i] != 0u) { add_moments(&total, sampled_key(key_of_bits(voxels[i])), exponent, centre); }
  }
  found[local] = total;
  workgroupBarrier();
  if (local < COLLECTORS) {
    var all = vec4u();
    var carries = vec4u();
    for (var k = local; k < workgroup_size; k += COLLECTORS) {
      let one = found[k];
      all += one;
      carries += select(vec4u(), vec4u(1u), all < one);
    }
    for (var k = 0u; k < params.sums; k++) {
      add64(4u + 2u * k, all[k]);
      atomicAdd(&sums[5u + 2u * k], carries[k]);
    }
  }
  workgroupBarrier();
  write_row(row, SUMS, local);
  if (local == 0u) {
    blocks[row + SUMS] = bitcast<u32>(centre);
    blocks[row + SUMS + 1u] = exponent;
  }
}

fn write_row(row: u32, length: u32, local: u32) {
  for (var k = local; k < length; k += workgroup_size) { blocks[row + k] = atomicLoad(&sums[k]); }
}

@compute @workgroup_size(workgroup_size)
fn statistics(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= params.blocks) { return; }
  let strip = strip_of(index, local, workgroup_size);
  find_extremes(strip, local);
  find_moments(strip, local, index * ROW);
}

@compute @workgroup_size(workgroup_size)
fn distribution(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= params.blocks) { return; }
  let strip = strip_of(index, local, workgroup_size);
  var seen = vec4u();
  var run = vec2u();
  for (var i = strip.first; i < strip.plain_end; i += workgroup_size) {
    let key = key_of_bits(voxels[i]);
    if (is_sampled(key)) {
      let measured = sampled_key(key);
      add_extremes(&seen, measured);
      add_digit(&run, measured);
    }
  }
  for (var i = strip.first; i < strip.masked_end; i += workgroup_size) {
    if (mask[i] != 0u) {
      let measured = sampled_key(key_of_bits(voxels[i]));
      add_extremes(&seen, measured);
      add_digit(&run, measured);
    }
  }
  if (run.y > 0u) { atomicAdd(&columns[run.x], run.y); }
  reduce_extremes(seen, local);
  write_row(index * ROW, EXTREMES, local);
  for (var k = local; k < RADIX; k += workgroup_size) {
    let counted = atomicLoad(&columns[k]);
    if (counted > 0u) { atomicAdd(&digits[k], counted); }
  }
}
