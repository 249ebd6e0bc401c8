// filter/lbp2d: the samples on a circle around every voxel of a box, in its slice.
//   pattern   which of them are at least as large as the voxel, and a code of that
//   variance  of the samples
// Samples lie between voxels; where one comes close to the voxel it is interpolated once more in float64 (common/float64),
// rounding as scikit-image's does, because ties are common and decided by its last bit. One invocation takes `strip` voxels,
// a workgroup's width apart.
// Grid: one workgroup per block of voxels; others do nothing.
// Definition: scikit-image, skimage/feature/_texture.pyx. Twin: test/reference/filter/lbp2d.ts
#import common/box
#import common/float64

struct Params {
  size: vec3u,         // of the box
  length: u32,         // voxels of the box
  first: vec3u,        // first voxel of the box
  strip: u32,          // voxels per invocation
  image_size: vec3u,
  has_tails: u32,      // 0: the voxels are all there is
  row_axis: u32,       // axes of a slice
  column_axis: u32,
  samples: u32,        // 1 .. 24
  method: u32,
  cast_bits: u32,      // 0: codes are kept as they are, otherwise cut off to integers of so many bits
  cast_signed: u32,
  keep_tails: u32,     // 1: what f32 loses is wanted
  on_grid: u32,        // samples that lie on voxels
  sums: u32,           // 8: a loop bound that is not constant is not unrolled
  terms: u32,          // 2
}

// One sample: the voxel before it, seen from the centre, and the shares of the next ones.
struct Sample {
  row: i32,
  column: i32,
  row_share: f32,
  column_share: f32,
  bit: u32,
}

// Where a sample lies along one axis for float64, seen from a row or column.
struct Place {
  first: i32,   // the voxel before it
  step: u32,    // 0: it lies on that voxel, 1: before the next
  next: vec2u,  // share of the next voxel
  near: vec2u,  // and one minus it
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<f32>;
@group(0) @binding(2) var<storage, read> tails: array<f32>;   // not read without tails
@group(0) @binding(3) var<storage, read> circle: array<Sample>;  // those on voxels first
@group(0) @binding(4) var<storage, read> places: array<Place>;   // of all samples for each row, then for each column
@group(0) @binding(5) var<storage, read_write> codes: array<u32>;
@group(0) @binding(6) var<storage, read_write> code_tails: array<u32>;

override workgroup_size: u32 = 64;

const ROR = 1u;
const UNIFORM = 2u;

// Of the values, what f32 loses in differences, weights and sums of four products; 12 units are enough.
const DOUBT = 0x1p-19;
const LARGEST = 0x1.fffffep127;

// The slice of a voxel.
struct Slice {
  base: u32,      // index of its first voxel
  strides: vec2u,  // of rows and columns
  size: vec2i,
}

fn is_inside(slice: Slice, row: i32, column: i32) -> bool {
  return row >= 0 && column >= 0 && row < slice.size.x && column < slice.size.y;
}

fn index_of(slice: Slice, row: i32, column: i32) -> u32 {
  return slice.base + u32(row) * slice.strides.x + u32(column) * slice.strides.y;
}

// Outside the slice is 0.
fn high_word(slice: Slice, row: i32, column: i32) -> f32 {
  let inside = is_inside(slice, row, column);
  return select(0.0, voxels[select(0u, index_of(slice, row, column), inside)], inside);
}

fn pixel(slice: Slice, row: i32, column: i32) -> vec2f {
  var low = 0.0;
  if (params.has_tails == 1u && is_inside(slice, row, column)) { low = tails[index_of(slice, row, column)]; }
  return vec2f(high_word(slice, row, column), low);
}

// The voxels around a sample, row by row, and the centre: high and low words.
struct Around {
  high: vec4f,
  low: vec4f,
  centre: vec2f,
}

fn around(slice: Slice, row: Place, column: Place, centre: vec2f) -> Around {
  let below = row.first + i32(row.step);
  let right = column.first + i32(column.step);
  let a = pixel(slice, row.first, column.first);
  let b = pixel(slice, row.first, right);
  let c = pixel(slice, below, column.first);
  let d = pixel(slice, below, right);
  return Around(vec4f(a.x, b.x, c.x, d.x), vec4f(a.y, b.y, c.y, d.y), centre);
}

// The interpolated sample and the centre as float64 has them. Loops, so that a driver that inlines everything compiles
// each operation once: sums 0 to 4 are of the words of the four voxels and the centre, 5 to 7 the upper row, the lower
// row, and between the two.
fn texture64(seen: Around, row: Place, column: Place) -> vec4u {
  var low = array<f32, 5>(seen.low.x, seen.low.y, seen.low.z, seen.low.w, seen.centre.y);
  var sums: array<vec2u, 8>;
  sums[0] = f64_of_f32(seen.high.x);
  sums[1] = f64_of_f32(seen.high.y);
  sums[2] = f64_of_f32(seen.high.z);
  sums[3] = f64_of_f32(seen.high.w);
  sums[4] = f64_of_f32(seen.centre.x);
  for (var k = select(5u, 0u, params.has_tails == 1u); k < params.sums; k++) {
    var terms = array<vec2u, 2>(sums[k], vec2u(0u));
    if (k < 5u) {
      terms[1] = f64_of_f32(low[k]);
    } else {
      // Of 0 and 1, 2 and 3, 5 and 6.
      let pair_at = select(2u * (k - 5u), 5u, k == 7u);
      for (var part = 0u; part < params.terms; part++) {
        let along_row = select(column.near, column.next, part == 1u);
        let across = select(row.near, row.next, part == 1u);
        terms[part] = f64_multiply(select(along_row, across, k == 7u), sums[pair_at + part]);
      }
    }
    sums[k] = f64_add(terms[0], terms[1]);
  }
  return vec4u(sums[7], sums[4]);
}

// What f32 can tell of the samples, one bit each: which are at least as large as the voxel, and which it cannot tell.
struct Signs {
  above: u32,
  doubtful: u32,
}

fn signs_of(slice: Slice, position: vec2i, centre: f32) -> Signs {
  var signs = Signs(0u, 0u);
  let is_finite = abs(centre) <= LARGEST;
  for (var i = 0u; i < params.on_grid; i++) {
    let spot = circle[i];
    let value = high_word(slice, position.x + spot.row, position.y + spot.column);
    let is_sure = is_finite && abs(value) <= LARGEST && (value != centre || params.has_tails == 0u);
    signs.above |= u32(value >= centre) << spot.bit;
    signs.doubtful |= u32(!is_sure) << spot.bit;
  }
  for (var i = params.on_grid; i < params.samples; i++) {
    let spot = circle[i];
    let at = position + vec2i(spot.row, spot.column);
    let values = vec4f(
      high_word(slice, at.x, at.y),
      high_word(slice, at.x, at.y + 1),
      high_word(slice, at.x + 1, at.y),
      high_word(slice, at.x + 1, at.y + 1),
    );
    let sizes = abs(values);
    let largest = max(max(max(sizes.x, sizes.y), max(sizes.z, sizes.w)), abs(centre));
    let differences = values - vec4f(centre);
    let upper = mix(differences.x, differences.y, spot.column_share);
    let lower = mix(differences.z, differences.w, spot.column_share);
    let difference = mix(upper, lower, spot.row_share);
    let is_zero = largest == 0.0;
    signs.above |= u32(difference > 0.0 || is_zero) << spot.bit;
    // Neither holds for NaN.
    signs.doubtful |= u32(!(is_zero || abs(difference) > DOUBT * largest)) << spot.bit;
  }
  return signs;
}

// The mean of the squares less the square of the mean; NaN where that is 0.
fn variance64(sum: vec2u, squares: vec2u) -> vec2u {
  let count = f64_of_f32(f32(params.samples));
  let rest = f64_add(squares, f64_negate(f64_divide(f64_multiply(sum, sum), count)));
  let variance = f64_divide(rest, count);
  return select(variance, F64_NAN, ((variance.x << 1u) | variance.y) == 0u);
}

// The least of all rotations.
fn rotated(pattern: u32) -> u32 {
  var chain = pattern;
  var least = pattern;
  for (var k = 1u; k < params.samples; k++) {
    chain = (chain >> 1u) | ((chain & 1u) << (params.samples - 1u));
    least = min(least, chain);
  }
  return least;
}

// The number of ones where they are together, else one more than there can be.
fn uniform_code(pattern: u32) -> u32 {
  let changes = countOneBits((pattern ^ (pattern >> 1u)) & ((1u << (params.samples - 1u)) - 1u));
  return select(params.samples + 1u, countOneBits(pattern), changes <= 2u);
}

// The lower bits of an integer, as the image's type holds them.
fn wrapped(whole: u32) -> f32 {
  let shift = 32u - params.cast_bits;
  let top = whole << shift;
  return select(f32(top >> shift), f32(i32(top) >> shift), params.cast_signed == 1u);
}

fn store_code(k: u32, code: u32) {
  var value = f32(code);
  if (params.cast_bits > 0u) { value = wrapped(code); }
  codes[k] = bitcast<u32>(value);
}

// A float64 cut off to an integer as x86 does: what does not fit into 32 bits (64 for u32) is the least integer.
fn cut_off(value: vec2u) -> u32 {
  let exponent = i32(f64_exponent(value)) - 1023;
  let is_u32 = params.cast_bits == 32u && params.cast_signed == 0u;
  if (exponent < 0) { return 0u; }
  if (exponent >= select(31, 63, is_u32)) { return select(0x80000000u, 0u, is_u32); }
  let whole = u64_right(f64_significand(value), 63u - u32(exponent)).y;
  return select(whole, 0u - whole, (value.x & F64_SIGN) != 0u);
}

fn store_variance(k: u32, variance: vec2u) {
  if (params.cast_bits > 0u) {
    codes[k] = bitcast<u32>(wrapped(cut_off(variance)));
    return;
  }
  let high = f32_bits_of_f64(variance);
  codes[k] = high;
  if (params.keep_tails == 1u) {
    let rest = f64_add(variance, f64_negate(f64_of_f32(bitcast<f32>(high))));
    code_tails[k] = select(f32_bits_of_f64(rest), 0u, (high & 0x7f800000u) == 0x7f800000u);
  }
}

// Where voxel number k of the box lies.
struct Site {
  slice: Slice,
  position: vec2u,  // row and column
}

fn site(k: u32) -> Site {
  let strides = vec3u(1u, params.image_size.x, params.image_size.x * params.image_size.y);
  let axes = vec2u(params.row_axis, params.column_axis);
  let in_slice = vec2u(strides[axes.x], strides[axes.y]);
  let at = params.first + position_of(k, params.size);
  let position = vec2u(at[axes.x], at[axes.y]);
  let size = vec2i(i32(params.image_size[axes.x]), i32(params.image_size[axes.y]));
  return Site(Slice(dot(at, strides) - dot(position, in_slice), in_slice, size), position);
}

fn place_of_row(here: Site, sample: u32) -> Place { return places[here.position.x * params.samples + sample]; }
fn place_of_column(here: Site, sample: u32) -> Place {
  return places[(u32(here.slice.size.x) + here.position.y) * params.samples + sample];
}

fn code_of(here: Site) -> u32 {
  let position = vec2i(here.position);
  let centre = pixel(here.slice, position.x, position.y);
  let signs = signs_of(here.slice, position, centre.x);
  var pattern = signs.above;
  // Software drivers run a branch for all if for one: a loop over doubts costs each invocation no more than its neighbours'.
  for (var doubtful = signs.doubtful; doubtful != 0u; doubtful &= doubtful - 1u) {
    let bit = firstTrailingBit(doubtful);
    let row = place_of_row(here, bit);
    let column = place_of_column(here, bit);
    let pair = texture64(around(here.slice, row, column, centre), row, column);
    pattern = insertBits(pattern, u32(f64_at_least(pair.xy, pair.zw)), bit, 1u);
  }
  if (params.method == ROR) { return rotated(pattern); }
  if (params.method == UNIFORM) { return uniform_code(pattern); }
  return pattern;
}

fn variance_of(here: Site) -> vec2u {
  var sums = array<vec2u, 2>(vec2u(0u), vec2u(0u));
  for (var i = 0u; i < params.samples; i++) {
    let row = place_of_row(here, i);
    let column = place_of_column(here, i);
    let texture = texture64(around(here.slice, row, column, vec2f(0.0)), row, column).xy;
    sums[0] = f64_add(sums[0], texture);
    sums[1] = f64_add(sums[1], f64_multiply(texture, texture));
  }
  return variance64(sums[0], sums[1]);
}

@compute @workgroup_size(workgroup_size)
fn pattern(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let start = (group.y * groups.x + group.x) * workgroup_size * params.strip;
  let end = min(start + workgroup_size * params.strip, params.length);
  for (var k = start + local; k < end; k += workgroup_size) { store_code(k, code_of(site(k))); }
}

@compute @workgroup_size(workgroup_size)
fn variance(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let start = (group.y * groups.x + group.x) * workgroup_size * params.strip;
  let end = min(start + workgroup_size * params.strip, params.length);
  for (var k = start + local; k < end; k += workgroup_size) { store_variance(k, variance_of(site(k))); }
}
