// firstorder/peak: the mean intensity of the sphere around each voxel of the regions, over all voxels of the image whose
// centres are inside it. Sums are those of two f32 (common/twofold); voxels that are no finite number, or not in the
// image, do not count. Entry points:
//   rows   running sums and numbers of voxels along each row of the box. Grid: linear over the rows.
//   mean   for each entry of the voxel list the mean, out of the differences of the running sums of the rows of its sphere, as
//          key into `peaks`; and its cell into `tops` where its intensity is the region's largest, else 0. Grid: linear
//          over the list; cells that are 0 (resegmentation) have no mean, and are 0 in `tops`.
// Out-of-range invocations do nothing.
// Definition: IBSI 3.2 (local intensity peak). Twin: test/reference/firstorder/peak.ts
#import common/grid
#import common/box
#import common/cell
#import common/key
#import common/twofold
#import common/float64

struct Params {
  size: vec3u,  // voxels of the box
  pad: u32,     // cells around it
  length: u32,  // rows of the box, or entries of the voxel list
  kind: u32,    // of the keys
  discs: u32,   // rows of the sphere
  zero: u32,    // 0, see common/twofold
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> keys: array<u32>;
@group(0) @binding(4) var<storage, read> ranges: array<u32>;  // of roi/range, 8 words a region
@group(0) @binding(5) var<storage, read> discs: array<vec4i>; // row of the sphere: offsets in y and z, reach in x
@group(0) @binding(6) var<storage, read_write> running: array<u32>;  // see plane_of_running
@group(0) @binding(7) var<storage, read_write> peaks: array<u32>;    // two words by cell
@group(0) @binding(8) var<storage, read_write> tops: array<u32>;     // by cell

override workgroup_size: u32 = 64;

fn words_of_key() -> u32 { return select(1u, 2u, params.kind >= KEY_TWOFOLD); }

// Running sums lie in three planes, one more than voxels in a row: high words, low words, numbers.
fn plane_of_running() -> u32 { return (params.size.x + 1u) * params.size.y * params.size.z; }

// The value at a cell; NaN where it is none that f32 holds.
fn value_at(cell: u32) -> vec2f {
  let high = keys[cell * words_of_key()];
  if (params.kind == KEY_INT || params.kind == KEY_UINT) {
    let upper = select(f32(high >> 16u), f32(i32(high ^ 0x80000000u) >> 16u), params.kind == KEY_INT);
    return two_sum(upper * 65536.0, f32(high & 0xffffu));
  }
  if (params.kind == KEY_FLOAT32) { return vec2f(float_of_key(high), 0.0); }
  let low = keys[cell * 2u + 1u];
  if (params.kind == KEY_TWOFOLD) { return vec2f(float_of_key(high), float_of_key(low)); }
  let number = vec2u(bits_of_key(high), select(~low, low, high >= 0x80000000u));
  let near = bitcast<f32>(f32_bits_of_f64(number));
  let rest = f64_add(number, f64_negate(f64_of_f32(near)));
  return vec2f(near, bitcast<f32>(f32_bits_of_f64(rest)));
}

fn is_finite(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u; }

@compute @workgroup_size(workgroup_size)
fn rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = linear_invocation(group, groups, local, workgroup_size);
  if (row >= params.length) { return; }
  let padded = params.size + vec3u(2u * params.pad);
  let y = row % params.size.y;
  let z = row / params.size.y;
  let first = ((z + params.pad) * padded.y + y + params.pad) * padded.x + params.pad;
  let plane = plane_of_running();
  var at = row * (params.size.x + 1u);
  var sum = vec2f(0.0);
  var count = 0u;
  for (var x = 0u; x <= params.size.x; x++) {
    running[at] = bitcast<u32>(sum.x);
    running[at + plane] = bitcast<u32>(sum.y);
    running[at + 2u * plane] = count;
    at++;
    if (x == params.size.x) { break; }
    let value = value_at(first + x);
    if (is_finite(value.x)) {
      sum = add2(sum, value);
      count++;
    }
  }
}

@compute @workgroup_size(workgroup_size)
fn mean(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let index = voxels[k];
  let cell = cells[index];
  if (cell == 0u) {
    tops[index] = 0u;
    return;
  }
  let padded = params.size + vec3u(2u * params.pad);
  let at = vec3i(position_of(index, padded)) - i32(params.pad);
  let size = vec3i(params.size);
  var sum = vec2f(0.0);
  var count = 0u;
  let plane = plane_of_running();
  let whole = params.kind == KEY_INT || params.kind == KEY_UINT;
  for (var d = 0u; d < params.discs; d++) {
    let disc = discs[d];
    let y = at.y + disc.x;
    let z = at.z + disc.y;
    if (y < 0 || z < 0 || y >= size.y || z >= size.z) { continue; }
    let row = (z * size.y + y) * (size.x + 1);
    let before = u32(row + max(at.x - disc.z, 0));
    let after = u32(row + min(at.x + disc.z + 1, size.x));
    // Low words add up by themselves: each is 2^-24 of a running sum, a few bits of which are lost.
    let add = two_sum(sum.x, bitcast<f32>(running[after]));
    let take = two_sum(add.x, -bitcast<f32>(running[before]));
    let low = bitcast<f32>(running[after + plane]) - bitcast<f32>(running[before + plane]);
    sum = vec2f(take.x, sum.y + (add.y + take.y + low));
    if (whole) { count += after - before; } else { count += running[after + 2u * plane] - running[before + 2u * plane]; }
  }
  sum = two_sum(sum.x, sum.y);
  let result = divide2(sum, vec2f(f32(count), 0.0));
  let finite = count > 0u;
  peaks[index * 2u] = select(NAN_HIGH, key_of_bits(bitcast<u32>(result.x)), finite);
  peaks[index * 2u + 1u] = select(NAN_HIGH, key_of_bits(bitcast<u32>(result.y)), finite);
  let top = region_of(cell) * 8u + 2u;
  let words = words_of_key();
  let is_top = keys[index * words] == ranges[top] && (words == 1u || keys[index * words + words - 1u] == ranges[top + 1u]);
  tops[index] = select(0u, cell, is_top);
}
