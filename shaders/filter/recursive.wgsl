// filter/recursive: a symmetric recursive filter of fourth order along one axis (ITK's RecursiveGaussianImageFilter), in
// numbers of twice the width (common/twofold), rounded to float32 once: y[i] = sum n[k] x[i - k] + sum p[k] y[i - 1 - k]
// forwards, z[i] = sum m[k] x[i + 1 + k] + sum p[k] z[i + 1 + k] backwards, result y + z. Before its ends a line goes on
// with its end value.
// One invocation takes one line, or what is left of it after cropping. Lanes side by side take lines side by side.
// Grid: linear over the lines; out-of-range invocations do nothing. Twin: test/reference/filter/log.ts
#import common/grid
#import common/twofold

struct Params {
  size: vec3u,       // samples of the result
  axis: u32,
  old_size: vec3u,   // samples that are there
  first: u32,        // first sample of the result's line in the cropped line
  old_first: vec3u,  // where the cropped lines begin
  count: u32,        // samples of a cropped line
  lines: u32,
  has_tails: u32,    // 0: the samples are float32
  sum_up: u32,       // 1: add `scale` times the result to `total`
  zero: u32,         // 0, unknown to the compiler
  scale: vec4f,      // all factors as add_product takes them
  gain: vec4f,       // steady state of y for x = 1
  back_gain: vec4f,  // and of z
  forward: mat4x4f,  // n
  backward: mat4x4f, // m
  poles: mat4x4f,    // p
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<f32>;
@group(0) @binding(2) var<storage, read> tails: array<f32>;       // not read without tails
@group(0) @binding(3) var<storage, read_write> result: array<f32>;  // y on the way, the result in the end
@group(0) @binding(4) var<storage, read_write> rests: array<f32>;   // low words of y
@group(0) @binding(5) var<storage, read_write> total: array<f32>;

override workgroup_size: u32 = 64;

fn next(numerator: mat4x4f, x: mat4x2f, y: mat4x2f) -> vec2f {
  var sum = add_product(vec2f(0.0), numerator[0], x[0]);
  sum = add_product(sum, numerator[1], x[1]);
  sum = add_product(sum, numerator[2], x[2]);
  sum = add_product(sum, numerator[3], x[3]);
  sum = add_product(sum, params.poles[3], y[3]);
  sum = add_product(sum, params.poles[2], y[2]);
  sum = add_product(sum, params.poles[1], y[1]);
  sum = add_product(sum, params.poles[0], y[0]);
  return two_sum(sum.x, sum.y);
}

fn scaled(factor: vec4f, x: vec2f) -> vec2f {
  let product = add_product(vec2f(0.0), factor, x);
  return two_sum(product.x, product.y);
}

fn sample_at(index: u32) -> vec2f {
  if (params.has_tails == 1u) { return vec2f(samples[index], tails[index]); }
  return vec2f(samples[index], 0.0);
}

// Position of a line among the results, 0 along the axis.
fn line_position(line: u32) -> vec3u {
  let width = select(params.size.x, params.size.y, params.axis == 0u);
  let v = line / width;
  let u = line - v * width;
  return select(select(vec3u(u, v, 0u), vec3u(u, 0u, v), params.axis == 1u), vec3u(0u, u, v), params.axis == 0u);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = linear_invocation(group, groups, local, workgroup_size);
  if (line >= params.lines) { return; }
  let at = line_position(line);
  let old_strides = vec3u(1u, params.old_size.x, params.old_size.x * params.old_size.y);
  let strides = vec3u(1u, params.size.x, params.size.x * params.size.y);
  let old_step = old_strides[params.axis];
  let step = strides[params.axis];
  let old_base = dot(at + params.old_first, old_strides);
  let base = dot(at, strides);
  let end = params.first + params.size[params.axis];

  let head = sample_at(old_base);
  var x = mat4x2f(head, head, head, head);
  let before = scaled(params.gain, head);
  var y = mat4x2f(before, before, before, before);
  for (var i = 0u; i < end; i++) {
    x = mat4x2f(sample_at(old_base + i * old_step), x[0], x[1], x[2]);
    y = mat4x2f(next(params.forward, x, y), y[0], y[1], y[2]);
    if (i >= params.first) {
      let index = base + (i - params.first) * step;
      result[index] = y[0].x;
      rests[index] = y[0].y;
    }
  }

  let tail = sample_at(old_base + (params.count - 1u) * old_step);
  x = mat4x2f(tail, tail, tail, tail);
  let behind = scaled(params.back_gain, tail);
  y = mat4x2f(behind, behind, behind, behind);
  for (var i = params.count; i > params.first; i--) {
    let here = i - 1u;
    y = mat4x2f(next(params.backward, x, y), y[0], y[1], y[2]);
    if (here < end) {
      let index = base + (here - params.first) * step;
      let rounded = add2(vec2f(result[index], rests[index]), y[0]).x;
      if (params.sum_up == 1u) {
        let sum = add_product(vec2f(total[index], 0.0), params.scale, vec2f(rounded, 0.0));
        total[index] = sum.x + sum.y;
      } else {
        result[index] = rounded;
      }
    }
    x = mat4x2f(sample_at(old_base + here * old_step), x[0], x[1], x[2]);
  }
}
