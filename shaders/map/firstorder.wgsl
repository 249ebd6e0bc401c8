// map/firstorder: first-order features of the neighbourhood of each voxel. One invocation takes one voxel: it lists the
// intensities of the neighbourhood relative to its own, so that float32 holds them well, sorts them where percentiles are
// wanted, and counts how often each grey level occurs.
// Grid: linear over the tile; out-of-range invocations do nothing.
// Definition: PyRadiomics firstorder.py with voxelBased. Twin: test/reference/map/features.ts
#import common/grid
#import common/cell
#import common/map/tile
#import common/map/logarithm

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> intensities: array<vec2f>;  // of the cells: value, and what float32 leaves of it
@group(0) @binding(4) var<storage, read> shifts: array<f32>;  // voxelArrayShift, volume of a voxel
@group(0) @binding(5) var<storage, read> wanted: array<u32>;
@group(0) @binding(6) var<storage, read> logs: array<vec2u>;
@group(0) @binding(7) var<storage, read_write> scratch: array<u32>;
@group(0) @binding(8) var<storage, read_write> output: array<u32>;

override workgroup_size: u32 = 64;

// Groups of features: those of the sorted intensities, those of the grey levels.
const NEED_ORDER = 1u;
const NEED_COUNTS = 2u;

// Whether the bits are those of a NaN; shaders may assume there is none.
fn is_nan_bits(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn value_at(k: u32, a: u32) -> f32 {
  return bitcast<f32>(scratch[a * params.stride + k]);
}

// Lists the intensities relative to the reference; NaN is left out. Their number.
fn list_values(k: u32, centre: i32, origin: vec2f) -> u32 {
  var count = 0u;
  let r = params.radius;
  for (var z = -r.z; z <= r.z; z++) {
    for (var y = -r.y; y <= r.y; y++) {
      for (var x = -r.x; x <= r.x; x++) {
        let index = centre + x + y * params.step_y + z * params.step_z;
        let value = intensities[u32(index)];
        if (level_at(index) == 0u || is_nan_bits(value.x)) { continue; }
        scratch[count * params.stride + k] = bitcast<u32>((value.x - origin.x) + (value.y - origin.y));
        count++;
      }
    }
  }
  return count;
}

fn sort_values(k: u32, count: u32) {
  for (var a = 1u; a < count; a++) {
    let word = scratch[a * params.stride + k];
    let value = bitcast<f32>(word);
    var b = a;
    while (b > 0u && value_at(k, b - 1u) > value) {
      scratch[b * params.stride + k] = scratch[(b - 1u) * params.stride + k];
      b--;
    }
    scratch[b * params.stride + k] = word;
  }
}

// NumPy's linear percentile of the sorted values.
fn percentile(k: u32, count: u32, percent: u32) -> f32 {
  let position = (count - 1u) * percent;
  let below = position / 100u;
  let a = value_at(k, below);
  let b = value_at(k, min(below + 1u, count - 1u));
  let rest = position % 100u;
  if (rest == 0u) { return a; }
  return a + (b - a) * (f32(rest) / 100.0);
}

// What the order of the intensities decides.
fn set_order_features(k: u32, count: u32, origin: f32) {
  sort_values(k, count);
  let low = percentile(k, count, 10u);
  let high = percentile(k, count, 90u);
  values[0] = origin + low;
  values[1] = origin + high;
  values[4] = percentile(k, count, 75u) - percentile(k, count, 25u);
  values[9] = origin + percentile(k, count, 50u);
  var inside = 0u;
  var sum = 0.0;
  for (var a = 0u; a < count; a++) {
    let value = value_at(k, a);
    if (value >= low && value <= high) {
      sum += value;
      inside++;
    }
  }
  let mean = sum / f32(max(inside, 1u));
  var deviation = 0.0;
  for (var a = 0u; a < count; a++) {
    let value = value_at(k, a);
    if (value >= low && value <= high) { deviation += abs(value - mean); }
  }
  values[12] = deviation / f32(max(inside, 1u));
  // Two different values lie outside their own percentiles.
  robust_values = inside;
}

var<private> robust_values: u32;

// What depends on the intensities in any order.
fn set_value_features(k: u32, count: u32, origin: f32) {
  let n = f32(count);
  var sum = 0.0;
  var lowest = value_at(k, 0u);
  var highest = lowest;
  var energy = 0.0;
  for (var a = 0u; a < count; a++) {
    let value = value_at(k, a);
    sum += value;
    lowest = min(lowest, value);
    highest = max(highest, value);
    let shifted = (origin + shifts[0]) + value;
    energy += shifted * shifted;
  }
  let mean = sum / n;
  var absolute = 0.0;
  var moments = vec3f(0.0);
  if (highest > lowest) {
    for (var a = 0u; a < count; a++) {
      let d = value_at(k, a) - mean;
      absolute += abs(d);
      moments += vec3f(d * d, d * d * d, d * d * d * d);
    }
  }
  moments /= n;
  values[2] = energy;
  if (moments.x > 0.0) {
    values[5] = moments.z / (moments.x * moments.x);
    values[14] = moments.y / (moments.x * sqrt(moments.x));
  }
  values[6] = origin + highest;
  values[7] = absolute / n;
  values[8] = origin + mean;
  values[10] = origin + lowest;
  values[11] = highest - lowest;
  values[13] = sqrt(energy / n);
  values[15] = energy * shifts[1];
  values[17] = moments.x;
  values[18] = sqrt(moments.x);
}

// Entropy and uniformity of the grey levels.
fn set_level_features(centre: i32) {
  let r = params.radius;
  let size = 2 * r + 1;
  let places = size.x * size.y * size.z;
  var voxels = 0u;
  var squares = 0u;
  var sum = LogSum(0u, 0u);
  for (var a = 0; a < places; a++) {
    let at = vec3i(a % size.x, (a / size.x) % size.y, a / (size.x * size.y)) - r;
    let level = level_at(centre + at.x + at.y * params.step_y + at.z * params.step_z);
    if (level == 0u) { continue; }
    voxels++;
    var same = 0u;
    for (var z = -r.z; z <= r.z; z++) {
      for (var y = -r.y; y <= r.y; y++) {
        let row = centre + y * params.step_y + z * params.step_z;
        for (var x = -r.x; x <= r.x; x++) { same += select(0u, 1u, level_at(row + x) == level); }
      }
    }
    squares += same;
    sum = add_log(sum, same);
  }
  let n = f32(voxels);
  values[3] = log_difference(times_log(voxels, voxels), sum) / n;
  values[16] = f32(squares) / (n * n);
}

// Entropy and Uniformity have values where all intensities are NaN, the other features have none.
fn of_levels(feature: u32) -> bool {
  return feature == 3u || feature == 16u;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let centre = i32(targets[params.first + k]);
  var origin = intensities[u32(centre)];
  if (is_nan_bits(origin.x)) { origin = vec2f(0.0); }
  let count = list_values(k, centre, origin);
  robust_values = 0u;
  if (count > 0u) {
    set_value_features(k, count, origin.x);
    if ((params.needs & NEED_ORDER) != 0u) { set_order_features(k, count, origin.x); }
  }
  if ((params.needs & NEED_COUNTS) != 0u) { set_level_features(centre); }
  write_features(k, 1u);
  for (var f = 0u; f < params.features; f++) {
    let robust = wanted[f] == 12u && robust_values == 0u;
    if (!of_levels(wanted[f]) && (count == 0u || robust)) { output[f * params.length + k] = NAN_BITS; }
  }
}
