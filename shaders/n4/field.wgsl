// n4/field: the log field on the shrunk grid after an iteration. One invocation walks a stretch of one column along y.
// It writes log image - log field, and its workgroup the range of that and the moments of exp(old field - new field) - 1.
// Grid: per stretch, linear over x, then z; out-of-range invocations take no part.
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
@group(0) @binding(1) var<storage, read> logs: array<vec2f>;
@group(0) @binding(2) var<storage, read> controls: array<Control>;
@group(0) @binding(3) var<storage, read_write> values: array<f32>;
@group(0) @binding(4) var<storage, read_write> moments: array<Moments>;  // of each workgroup
@group(0) @binding(5) var<storage, read_write> control: array<atomic<u32>>;

override workgroup_size: u32 = 64;

var<workgroup> low: atomic<u32>;
var<workgroup> high: atomic<u32>;
var<workgroup> merged: array<Moments, 256>;
var<workgroup> running: u32;

// exp(x) - 1 without cancellation: of a quarter of x by its series, then (1 + y)^2 - 1 twice.
fn exp_less_one(x: f32) -> f32 {
  let q = 0.25 * x;
  var y = q * (1.0 + q * (0.5 + q * (0.166666667 + q * (0.0416666667 + q * (0.00833333333 + q * 0.00138888889)))));
  y *= 2.0 + y;
  return y * (2.0 + y);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  if (local == 0u) { running = atomicLoad(&control[ACTIVE]); }
  if (workgroupUniformLoad(&running) == 0u) { return; }
  let number = group.y * groups.x + group.x;
  let column = column_of(number, local, workgroup_size, params.size, params.stretches);
  var own_low = OUTSIDE;
  var own_high = -OUTSIDE;
  var count = 0.0;
  var sum = 0.0;
  var squares = 0.0;
  var pivot = 0.0;
  if (column.exists) {
    let first = column.stretch * params.rows;
    let end = min(first + params.rows, params.size.y);
    var at = column.x + params.size.x * (first + params.size.y * column.z);
    let axis = axis_of(params.axis);
    var place = place_of(axis, first);
    var walk = start_walk(sample_at(axis, place).first, column.x + params.size.x * params.points * column.z, params.size.x);
    pivot = exp_less_one(-walk.steps.x);
    for (var y = first; y < end; y++) {
      let s = sample_at(axis, place);
      place = next_place(axis, place);
      advance(&walk, s.first, params.size.x);
      let pair = logs[at];
      if (is_inside(pair.x)) {
        let difference = two_sum(pair.x, -walk.high);
        let v = difference.x + ((difference.y + (pair.y - walk.low)) - rise_of(walk, s));
        values[at] = v;
        own_low = min(own_low, v);
        own_high = max(own_high, v);
        let ratio = exp_less_one(-step_of(walk, s)) - pivot;
        count += 1.0;
        sum += ratio;
        squares += ratio * ratio;
      }
      at += params.size.x;
    }
  }
  let mean = sum / max(count, 1.0);
  merged[local] = Moments(count, pivot + mean, max(squares - sum * mean, 0.0));
  atomicMax(&low, ~ordered(own_low));
  atomicMax(&high, ordered(own_high));
  workgroupBarrier();
  for (var half = workgroup_size / 2u; half > 0u; half /= 2u) {
    if (local < half) { merged[local] = merge(merged[local], merged[local + half]); }
    workgroupBarrier();
  }
  if (local == 0u) {
    moments[number] = merged[0];
    if (merged[0].count > 0.0) {
      atomicMax(&control[LOW], atomicLoad(&low));
      atomicMax(&control[HIGH], atomicLoad(&high));
    }
  }
}
