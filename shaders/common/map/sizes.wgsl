// The features that run lengths, zones and dependences share: a neighbourhood is a list of (grey level, size) in `scratch`,
// level in the high half. Adds the 16 features to `values`, in the order of PyRadiomics' names of GLRLM; the last is the share
// of items among the voxels.
const NEED_COUNTS = 1u;

fn add_size_features(k: u32, count: u32, here: u32) {
  let n = f32(count);
  var level_sum = 0;
  var size_sum = 0u;
  for (var a = 0u; a < count; a++) {
    let item = scratch[a * params.stride + k];
    level_sum += i32(item >> 16u) - i32(here);
    size_sum += item & 0xffffu;
  }
  // Levels and sizes relative to the first item where nothing varies, so that variances are 0 and not rounding.
  let mean = vec2f(f32(level_sum), f32(size_sum)) / n;
  let first = scratch[k];
  var equal = vec2<bool>(true);
  var variance = vec2f(0.0);
  var emphasis = vec4f(0.0);  // of low and high levels, small and large sizes
  var joint = vec4f(0.0);     // small low, small high, large low, large high
  var levels = 0u;
  var sizes = 0u;
  var logs_sum = LogSum(0u, 0u);
  for (var a = 0u; a < count; a++) {
    let item = scratch[a * params.stride + k];
    let grey = item >> 16u;
    let size = item & 0xffffu;
    let d = vec2f(f32(i32(grey) - i32(here)), f32(size)) - mean;
    variance += d * d;
    equal &= vec2u(grey, size) == vec2u(first >> 16u, first & 0xffffu);
    let i2 = f32(grey) * f32(grey);
    let j2 = f32(size) * f32(size);
    emphasis += vec4f(1.0 / i2, i2, 1.0 / j2, j2);
    joint += vec4f(1.0 / (i2 * j2), i2 / j2, j2 / i2, i2 * j2);
    if ((params.needs & NEED_COUNTS) == 0u) { continue; }
    var same = 0u;
    for (var b = 0u; b < count; b++) {
      let other = scratch[b * params.stride + k];
      same += select(0u, 1u, other == item);
      levels += select(0u, 1u, (other >> 16u) == grey);
      sizes += select(0u, 1u, (other & 0xffffu) == size);
    }
    logs_sum = add_log(logs_sum, same);
  }
  variance = select(variance / n, vec2f(0.0), equal);
  values[0] += f32(levels) / n;
  values[1] += f32(levels) / (n * n);
  values[2] += variance.x;
  values[3] += emphasis.y / n;
  values[4] += emphasis.w / n;
  values[5] += joint.w / n;
  values[6] += joint.z / n;
  values[7] += emphasis.x / n;
  values[8] += log_difference(times_log(count, count), logs_sum) / n;
  values[9] += f32(sizes) / n;
  values[10] += f32(sizes) / (n * n);
  values[11] += n / f32(size_sum);
  values[12] += variance.y;
  values[13] += emphasis.z / n;
  values[14] += joint.y / n;
  values[15] += joint.x / n;
}
