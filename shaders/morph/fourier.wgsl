// morph/fourier: discrete Fourier transforms of lines, any of whose strides: Stockham's algorithm in steps of 4, 3 and 2.
// One invocation transforms one line, in a scratch of its own in which the lines lie side by side, so that neighbouring
// invocations read and write neighbouring words. What lies beyond the end of the source is 0, or, of a mirrored source, its
// mirror image (an even sequence); only the first numbers of the result are written.
// Grid: linear over lines; out-of-range invocations do nothing. Twin: test/reference/morph/fourier.ts
#import common/grid

struct Params {
  lines: u32,          // of this dispatch
  first: u32,          // number of the first of them
  inner: u32,          // a line's number is u + inner v
  length: u32,         // of the transform
  steps: u32,          // their number
  radices: u32,        // 4 bits each, the first lowest
  direction: f32,      // -1 forwards, 1 backwards (not divided by the length)
  mirrored: u32,
  source: vec4u,       // offset, stride of u, stride of v, stride along the line
  result: vec4u,
  source_count: u32,   // numbers of a line of the source, and of those that are written
  result_count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<vec2f>;
@group(0) @binding(2) var<storage, read> roots: array<vec2f>;  // exp(-2 pi i k / length)
@group(0) @binding(3) var<storage, read_write> scratch: array<vec2f>;  // two halves of `length` rows of `lines`
@group(0) @binding(4) var<storage, read_write> result: array<vec2f>;

override workgroup_size: u32 = 64;

struct Line {
  number: u32,
  source: u32,
  result: u32,
  step: u32,
}

fn of_source(line: Line, k: u32) -> vec2f {
  let at = select(k, min(k, params.length - k), params.mirrored == 1u);
  if (at >= params.source_count) { return vec2f(0.0); }
  return source[line.source + at * params.source.w];
}

fn load(line: Line, k: u32) -> vec2f {
  if (line.step == 0u) { return of_source(line, k); }
  return scratch[(((line.step - 1u) & 1u) * params.length + k) * params.lines + line.number];
}

fn store(line: Line, k: u32, value: vec2f) {
  if (line.step + 1u < params.steps) {
    scratch[((line.step & 1u) * params.length + k) * params.lines + line.number] = value;
  } else if (k < params.result_count) {
    result[line.result + k * params.result.w] = value;
  }
}

fn times(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

// a times the imaginary unit in the direction of the transform.
fn turned(a: vec2f) -> vec2f {
  return vec2f(-a.y, a.x) * params.direction;
}

fn root(k: u32) -> vec2f {
  let r = roots[k];
  return vec2f(r.x, -params.direction * r.y);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.lines) { return; }
  let v = (params.first + k) / params.inner;
  let u = params.first + k - v * params.inner;
  var line = Line(
    k,
    params.source.x + u * params.source.y + v * params.source.z,
    params.result.x + u * params.result.y + v * params.result.z,
    0u,
  );
  if (params.steps == 0u) { result[line.result] = source[line.source]; }
  var rest = params.length;  // length of the transforms that are left
  var done = 1u;             // and how many of them
  for (; line.step < params.steps; line.step++) {
    let radix = (params.radices >> (4u * line.step)) & 15u;
    let part = rest / radix;
    let apart = done * part;
    for (var p = 0u; p < part; p++) {
      let w1 = root(p * done);
      let w2 = root(2u * p * done);
      let w3 = root(select(0u, 3u * p * done, radix == 4u));
      for (var q = 0u; q < done; q++) {
        let at = q + done * p;
        let to = q + done * radix * p;
        let a = load(line, at);
        let b = load(line, at + apart);
        if (radix == 2u) {
          store(line, to, a + b);
          store(line, to + done, times(a - b, w1));
        } else if (radix == 3u) {
          let c = load(line, at + 2u * apart);
          let sum = b + c;
          let middle = a - 0.5 * sum;
          let side = turned(b - c) * 0.8660254037844386;
          store(line, to, a + sum);
          store(line, to + done, times(middle + side, w1));
          store(line, to + 2u * done, times(middle - side, w2));
        } else {
          let c = load(line, at + 2u * apart);
          let d = load(line, at + 3u * apart);
          let side = turned(b - d);
          store(line, to, (a + c) + (b + d));
          store(line, to + done, times((a - c) + side, w1));
          store(line, to + 2u * done, times((a + c) - (b + d), w2));
          store(line, to + 3u * done, times((a - c) - side, w3));
        }
      }
    }
    rest = part;
    done *= radix;
  }
}
