// filter/peak: the largest absolute value of an image as the sum of two f32, its extremes, and whether all are whole.
// One invocation takes `strip` voxels, a workgroup's width apart; a workgroup writes one row, which the host puts together.
// Grid: one workgroup per row; others write nothing.
// Twin: test/reference/filter/point.ts
#import common/key

struct Params {
  length: u32,     // voxels
  rows: u32,
  strip: u32,      // voxels per invocation
  has_tails: u32,  // 0: the voxels are all there is
}

struct Row {
  high: u32,     // bits of the largest |high word|; above those of infinity for NaN
  low: u32,      // key of the largest low word that goes with it, taken with the sign of the high word
  lowest: u32,   // inverted key of the least high word
  highest: u32,  // key of the greatest
  fractions: u32,  // 1: some voxel is not whole
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> tails: array<f32>;  // not read without tails
@group(0) @binding(3) var<storage, read_write> rows: array<Row>;

override workgroup_size: u32 = 256;
var<workgroup> sh_rows: array<Row, workgroup_size>;

fn merge(a: Row, b: Row) -> Row {
  var low = max(a.low, b.low);
  if (a.high != b.high) { low = select(b.low, a.low, a.high > b.high); }
  return Row(max(a.high, b.high), low, max(a.lowest, b.lowest), max(a.highest, b.highest), a.fractions | b.fractions);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let number = group.y * groups.x + group.x;
  let first = number * workgroup_size * params.strip;
  let last = min(first + workgroup_size * params.strip, params.length);
  var row = Row(0u, 0u, 0u, 0u, 0u);
  for (var i = first + local; i < last; i += workgroup_size) {
    let bits = voxels[i];
    let value = bitcast<f32>(bits);
    var low = 0.0;
    if (params.has_tails == 1u) { low = tails[i]; }
    let signed_low = select(low, -low, (bits >> 31u) == 1u);
    let key = key_of_bits(bits);
    let whole = low == 0.0 && value == floor(value);
    row = merge(row, Row(bits & 0x7fffffffu, key_of_bits(bitcast<u32>(signed_low)), ~key, key, select(1u, 0u, whole)));
  }
  sh_rows[local] = row;
  workgroupBarrier();
  for (var width = workgroup_size / 2u; width > 0u; width /= 2u) {
    if (local < width) { sh_rows[local] = merge(sh_rows[local], sh_rows[local + width]); }
    workgroupBarrier();
  }
  if (local == 0u && number < params.rows) { rows[number] = sh_rows[0]; }
}
