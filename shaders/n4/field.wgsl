// n4/field: the log field on the shrunk grid after an iteration. One invocation walks a stretch of four columns along y.
// It writes log image - log field, and its workgroup the range of that and the moments of exp(old field - new field) - 1.
// Grid: per stretch, linear over fours of x, then z; out-of-range invocations take no part.
// Twin: test/reference/n4/n4.ts (evaluate, convergence)
#import common/n4/moments
#import common/n4/axis
#import common/n4/column
#import common/n4/shared
#import common/n4/walk
#import common/ordered
#import common/twofold

struct Params {
  size: vec3u,      // of the shrunk grid
  stretches: u32,   // per column
  rows: u32,        // voxels per stretch
  points: u32,      // control points along y
  axis: vec3u,      // along y (Axis)
  zero: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logs: array<Pairs>;
@group(0) @binding(2) var<storage, read> controls: array<Controls>;
@group(0) @binding(3) var<storage, read_write> values: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> moments: array<Moments>;  // of each workgroup
@group(0) @binding(5) var<storage, read_write> control: array<atomic<u32>>;

override workgroup_size: u32 = 64;

const PARTS = 8u;

var<workgroup> merged: array<Moments, 256>;
var<workgroup> extremes: array<vec2f, 256>;

// exp(x) - 1 without cancellation: of a quarter of x by its series, then (1 + y)^2 - 1 twice.
fn exp_less_one(x: vec4f) -> vec4f {
  let q = 0.25 * x;
  var y = q * (1.0 + q * (0.5 + q * (0.166666667 + q * (0.0416666667 + q * (0.00833333333 + q * 0.00138888889)))));
  y *= 2.0 + y;
  return y * (2.0 + y);
}

// Log image - log field of four voxels.
fn difference(log_image: Pairs, walk: Walk, s: Sample) -> vec4f {
  let sum = opaque4(log_image.high - walk.high);
  let rest = opaque4(sum - log_image.high);
  let error = (log_image.high - (sum - rest)) - (walk.high + rest);
  return sum + ((error + (log_image.low - walk.low)) - rise_of(walk, s));
}

// Merges every `step`-th entry into the first. Two rounds of that take less than a tree, whose barriers are many.
fn gather(first: u32, step: u32, end: u32) {
  var all = merged[first];
  var range = extremes[first];
  for (var i = first + step; i < end; i += step) {
    all = merge(all, merged[i]);
    range = vec2f(min(range.x, extremes[i].x), max(range.y, extremes[i].y));
  }
  merged[first] = all;
  extremes[first] = range;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  // Not a branch around the barriers below: what is read here is not known to be the same for all.
  let running = atomicLoad(&control[ACTIVE]) == 1u;
  let number = group.y * groups.x + group.x;
  let column = column_of(number, local, workgroup_size, params.size, params.stretches);
  var low = vec4f(OUTSIDE);
  var high = vec4f(-OUTSIDE);
  var count = vec4f(0.0);
  var sum = vec4f(0.0);
  var squares = vec4f(0.0);
  var pivot = 0.0;
  if (column.exists && running) {
    let first = column.stretch * params.rows;
    let end = min(first + params.rows, params.size.y);
    let quads = quads_of(params.size);
    let cell = cell_of(column.quad, first, column.z, params.size);
    var at = cell.at;
    let axis = axis_of(params.axis);
    var place = place_of(axis, first);
    var walk = walk_of(column.quad + quads * params.points * column.z, quads);
    for (var y = first; y < end; y++) {
      let s = sample_at(axis, place);
      place = next_place(axis, place);
      advance(&walk, s.first);
      // The sums are of differences from a first ratio, so that they are of small numbers.
      if (y == first) { pivot = exp_less_one(-walk.steps[0]).x; }
      let log_image = logs[at];
      let inside = is_inside(log_image.high);
      if (any(inside)) {
        let v = difference(log_image, walk, s);
        values[at] = select(vec4f(OUTSIDE), v, inside);
        low = min(low, select(low, v, inside));
        high = max(high, select(high, v, inside));
        let ratio = select(vec4f(0.0), exp_less_one(-step_of(walk, s)) - pivot, inside);
        count += select(vec4f(0.0), vec4f(1.0), inside);
        sum += ratio;
        squares += ratio * ratio;
      }
      at += cell.step;
    }
  }
  let one = vec4f(1.0);
  let voxels = dot(count, one);
  let total = dot(sum, one);
  let mean = total / max(voxels, 1.0);
  merged[local] = Moments(voxels, pivot + mean, max(dot(squares, one) - total * mean, 0.0));
  extremes[local] = vec2f(min(min(low.x, low.y), min(low.z, low.w)), max(max(high.x, high.y), max(high.z, high.w)));
  workgroupBarrier();
  if (local < PARTS) { gather(local, PARTS, workgroup_size); }
  workgroupBarrier();
  if (local == 0u && running) {
    gather(0u, 1u, min(PARTS, workgroup_size));
    moments[number] = merged[0];
    if (merged[0].count > 0.0) {
      atomicMax(&control[LOW], ~ordered(extremes[0].x));
      atomicMax(&control[HIGH], ordered(extremes[0].y));
    }
  }
}
