// map/glcm: co-occurrence features of the neighbourhood of each voxel. One invocation takes one voxel: for every angle it
// sums over the pairs of the neighbourhood, which are the entries of the matrix, and adds up the features of the angles that
// hold pairs. Entropies come from how often each pair, sum, difference and level occurs among the pairs.
// Grid: linear over the tile; out-of-range invocations do nothing.
// Definition: PyRadiomics glcm.py with voxelBased (IBSI 3.6). Twin: test/reference/map/features.ts
#import common/grid
#import common/cell
#import common/map/tile
#import common/map/logarithm

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<vec4i>;  // x, y, z and linear step of the unidirectional offsets
@group(0) @binding(4) var<storage, read> wanted: array<u32>;
@group(0) @binding(5) var<storage, read> logs: array<vec2u>;
@group(0) @binding(6) var<storage, read_write> scratch: array<u32>;
@group(0) @binding(7) var<storage, read_write> output: array<u32>;
@group(0) @binding(8) var<storage, read_write> seen: array<atomic<u32>>;  // angles with a pair in any neighbourhood

override workgroup_size: u32 = 64;

// Groups of features: those with inverse differences, those about a mean, those of how often things occur.
const NEED_INVERSE = 1u;
const NEED_MOMENTS = 2u;
const NEED_COUNTS = 4u;
// Below this many bits the mutual information is rounding of the logarithms.
const NO_INFORMATION = 1e-10;

// Sums over the pairs of one angle. Levels are relative to that of the voxel, so that they are small.
struct Pairs {
  count: u32,
  sum_i: i32,
  sum_j: i32,
  low: vec2i,   // smallest i and j
  high: vec2i,  // largest
  distance: f32,
  contrast: f32,
  product: f32,
  inverse: vec4f,  // of Id, Idm, Idmn, Idn
  inverse_square: f32,
}

// 1 - exp(-x) for x >= 0, without cancellation.
fn one_minus_exp(x: f32) -> f32 {
  if (x > 0.1) { return 1.0 - exp(-x); }
  return x * (1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0 * (1.0 - x / 6.0)))));
}

// First pass over the pairs of an angle: the sums; the list of pairs where a second pass needs it.
fn gather(k: u32, centre: i32, here: i32, offset: vec4i) -> Pairs {
  var pairs = Pairs(0u, 0, 0, vec2i(65536), vec2i(-65536), 0.0, 0.0, 0.0, vec4f(0.0), 0.0);
  let low = max(-params.radius, -params.radius - offset.xyz);
  let high = min(params.radius, params.radius - offset.xyz);
  let symmetrical = params.option != 0u;
  let top = f32(params.top);
  for (var z = low.z; z <= high.z; z++) {
    for (var y = low.y; y <= high.y; y++) {
      let row = centre + y * params.step_y + z * params.step_z;
      for (var x = low.x; x <= high.x; x++) {
        let i = level_at(row + x);
        let j = level_at(row + x + offset.w);
        if (i == 0u || j == 0u) { continue; }
        let d = f32(max(i, j) - min(i, j));
        pairs.distance += d;
        pairs.contrast += d * d;
        if ((params.needs & NEED_INVERSE) != 0u) {
          let relative = d / top;
          pairs.inverse += 1.0 / (1.0 + vec4f(d, d * d, relative * relative, relative));
          if (d > 0.0) { pairs.inverse_square += 1.0 / (d * d); }
        }
        if ((params.needs & (NEED_MOMENTS | NEED_COUNTS)) != 0u) {
          pairs.product += f32(i) * f32(j);
          let relative = vec2i(i32(i), i32(j)) - here;
          pairs.sum_i += relative.x;
          pairs.sum_j += relative.y;
          pairs.low = min(pairs.low, relative);
          pairs.high = max(pairs.high, relative);
          let swap = symmetrical && i > j;
          scratch[pairs.count * params.stride + k] = select((i << 16u) | j, (j << 16u) | i, swap);
        }
        pairs.count++;
      }
    }
  }
  return pairs;
}

// Second pass: what is measured from the means.
fn add_moments(k: u32, here: i32, pairs: Pairs) {
  let symmetrical = params.option != 0u;
  let n = f32(pairs.count);
  var mean = vec2f(f32(pairs.sum_i), f32(pairs.sum_j)) / n;
  if (symmetrical) { mean = vec2f(f32(pairs.sum_i + pairs.sum_j) / (2.0 * n)); }
  let distance = pairs.distance / n;
  var variance = vec2f(0.0);
  var covariance = 0.0;
  var cluster = vec3f(0.0);
  var spread = 0.0;
  for (var a = 0u; a < pairs.count; a++) {
    let pair = scratch[a * params.stride + k];
    let i = i32(pair >> 16u) - here;
    let j = i32(pair & 0xffffu) - here;
    let d = vec2f(vec2i(i, j)) - mean;
    variance += d * d;
    covariance += d.x * d.y;
    let c = d.x + d.y;
    cluster += vec3f(c * c, c * c * c, c * c * c * c);
    let e = f32(abs(i - j)) - distance;
    spread += e * e;
  }
  var flat = pairs.low == pairs.high;
  if (symmetrical) {
    variance = vec2f((variance.x + variance.y) / 2.0);
    flat = vec2<bool>(min(pairs.low.x, pairs.low.y) == max(pairs.high.x, pairs.high.y));
  }
  values[0] += pairs.product / n;
  values[1] += cluster.z / n;
  values[2] += cluster.y / n;
  values[3] += cluster.x / n;
  if (any(flat)) { values[5] += 1.0; } else { values[5] += covariance / (sqrt(variance.x) * sqrt(variance.y)); }
  values[8] += spread / n;
  values[16] += f32(here) + mean.x;
  values[21] += f32(2 * here) + (mean.x + mean.y);
  values[23] += select(variance.x / n, 0.0, flat.x);
}

// Second pass: how often the pair, its difference, its sum and its levels occur among the pairs.
fn add_counts(k: u32, pairs: Pairs) {
  let symmetrical = params.option != 0u;
  let entries = select(pairs.count, 2u * pairs.count, symmetrical);
  var pair_logs = LogSum(0u, 0u);
  var difference_logs = LogSum(0u, 0u);
  var sum_logs = LogSum(0u, 0u);
  var first_logs = LogSum(0u, 0u);
  var second_logs = LogSum(0u, 0u);
  var energy = 0u;
  var largest = 0u;
  for (var a = 0u; a < pairs.count; a++) {
    let pair = scratch[a * params.stride + k];
    let i = pair >> 16u;
    let j = pair & 0xffffu;
    let difference = max(i, j) - min(i, j);
    var same = 0u;
    var same_difference = 0u;
    var same_sum = 0u;
    var ends = vec2u(0u);
    for (var b = 0u; b < pairs.count; b++) {
      let other = scratch[b * params.stride + k];
      let oi = other >> 16u;
      let oj = other & 0xffffu;
      same += select(0u, 1u, other == pair);
      same_difference += select(0u, 1u, max(oi, oj) - min(oi, oj) == difference);
      same_sum += select(0u, 1u, oi + oj == i + j);
      ends += select(vec2u(0u), vec2u(1u), vec2u(oi, oj) == vec2u(i, j));
      if (symmetrical) { ends += select(vec2u(0u), vec2u(1u), vec2u(oj, oi) == vec2u(i, j)); }
    }
    let entry = select(same, 2u * same, symmetrical && i == j);
    pair_logs = add_log(pair_logs, entry);
    difference_logs = add_log(difference_logs, same_difference);
    sum_logs = add_log(sum_logs, same_sum);
    first_logs = add_log(first_logs, ends.x);
    second_logs = add_log(second_logs, ends.y);
    energy += entry;
    largest = max(largest, entry);
  }
  let n = f32(pairs.count);
  let all = times_log(entries, pairs.count);
  var entropies = vec2f(log_difference(all, first_logs), log_difference(all, second_logs)) / n;
  if (symmetrical) { entropies = vec2f((entropies.x + entropies.y) / 2.0); }
  let marginal = max(entropies.x, entropies.y);
  // Bits that one level of a pair tells about the other: HX + HY - HXY. Never negative, but for the rounding of the table.
  var information = log_difference(plus_log(all, pair_logs), plus_log(first_logs, second_logs)) / n;
  if (information < NO_INFORMATION) { information = 0.0; }
  values[7] += log_difference(times_log(pairs.count, pairs.count), difference_logs) / n;
  if (marginal > 0.0) { values[13] -= information / marginal; }
  values[14] += sqrt(one_minus_exp(2.0 * information));
  values[17] += f32(energy) / (n * f32(entries));
  values[18] += log_difference(all, pair_logs) / n;
  values[20] += f32(largest) / f32(entries);
  values[22] += log_difference(times_log(pairs.count, pairs.count), sum_logs) / n;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  let centre = i32(targets[params.first + k]);
  let here = i32(level_at(centre));
  var angles = 0u;
  for (var a = 0u; a < params.offsets; a++) {
    let pairs = gather(k, centre, here, offsets[a]);
    if (pairs.count == 0u) { continue; }
    angles++;
    atomicStore(&seen[a], 1u);
    let n = f32(pairs.count);
    values[4] += pairs.contrast / n;
    values[6] += pairs.distance / n;
    values[9] += pairs.inverse.x / n;
    values[10] += pairs.inverse.y / n;
    values[11] += pairs.inverse.z / n;
    values[12] += pairs.inverse.w / n;
    values[15] += pairs.inverse_square / n;
    if ((params.needs & NEED_MOMENTS) != 0u) { add_moments(k, here, pairs); }
    if ((params.needs & NEED_COUNTS) != 0u) { add_counts(k, pairs); }
  }
  // Divided by the number of angles when written: so it is the number of angles itself.
  values[24] = f32(angles) * f32(angles);
  write_features(k, angles);
}
