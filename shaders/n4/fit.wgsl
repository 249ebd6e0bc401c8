// n4/fit: first of the three products of the B-spline fit. One invocation walks a stretch of four columns (fixed x and z)
// along y, turns each value into its residual v - E(v) and adds it to the four control points around it.
// In a weighing pass the weights themselves are summed, with squared basis weights: the denominator of the fit.
// Grid: per stretch, linear over fours of x, then z; out-of-range invocations do nothing.
// `columns` of (z, stretch) hold `reach` rows of x: control points along y from that of the stretch's first sample on.
// Definition: Lee, Wolberg, Shin 1997 (eq. 3 to 5), itkBSplineScatteredDataPointSetToImageFilter.hxx; on a grid the
// weights of a voxel and the sum of their squares are products over the axes. Twin: test/reference/n4/n4.ts (approximate)
#import common/n4/axis
#import common/n4/column
#import common/n4/shared
#import common/whole

struct Params {
  size: vec3u,      // of the shrunk grid
  stretches: u32,   // per column
  rows: u32,        // voxels per stretch
  reach: u32,       // control points per stretch, at most
  bins: u32,
  weighing: u32,    // 1: sum the weights
  axis: vec3u,      // along y (Axis)
  weighted: u32,    // 1: `weights` holds the confidence of each voxel; else it is 1 inside
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read> expectation: array<vec2f>;  // of n4/sharpen
@group(0) @binding(4) var<storage, read_write> columns: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> control: array<u32>;

override workgroup_size: u32 = 64;

// E(v) - v at a position in the histogram.
fn shift_at(position: vec4f) -> vec4f {
  let bin = floor(position);
  let at = whole(bin) + 1u;
  let a = expectation[at.x];
  let b = expectation[at.y];
  let c = expectation[at.z];
  let d = expectation[at.w];
  return vec4f(a.x, b.x, c.x, d.x) + (position - bin) * vec4f(a.y, b.y, c.y, d.y);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = column_of(group.y * groups.x + group.x, local, workgroup_size, params.size, params.stretches);
  if (!column.exists) { return; }
  if (params.weighing == 0u) {
    if (control[ACTIVE] == 0u) { return; }
    if (group.x == 0u && group.y == 0u && local == 0u) {
      // The range has been read; n4/field finds the next one.
      control[LOW] = 0u;
      control[HIGH] = 0u;
    }
  }
  let first = column.stretch * params.rows;
  let end = min(first + params.rows, params.size.y);
  let low = expectation[0].x;
  let per_bin = 1.0 / expectation[0].y;
  let last = f32(params.bins - 1u);
  let quads = quads_of(params.size);
  let cell = cell_of(column.quad, first, column.z, params.size);
  var at = cell.at;
  var out = column.quad + quads * params.reach * (column.z * params.stretches + column.stretch);
  let axis = axis_of(params.axis);
  var place = place_of(axis, first);
  var current = sample_at(axis, place).first;
  var a = vec4f(0.0);
  var b = vec4f(0.0);
  var c = vec4f(0.0);
  var d = vec4f(0.0);
  for (var y = first; y < end; y++) {
    let s = sample_at(axis, place);
    place = next_place(axis, place);
    while (current < s.first) {
      columns[out] = a;
      out += quads;
      a = b;
      b = c;
      c = d;
      d = vec4f(0.0);
      current++;
    }
    let v = values[at];
    let inside = is_inside(v);
    if (any(inside)) {
      var amount = select(vec4f(0.0), vec4f(1.0), inside);
      if (params.weighted == 1u) { amount *= weights[at]; }
      var shares = s.weights * s.weights;
      if (params.weighing == 0u) {
        amount *= -shift_at(clamp((v - low) * per_bin, vec4f(0.0), vec4f(last)));
        shares = fit_weights(s.weights);
      }
      a += shares.x * amount;
      b += shares.y * amount;
      c += shares.z * amount;
      d += shares.w * amount;
    }
    at += cell.step;
  }
  columns[out] = a;
  columns[out + quads] = b;
  columns[out + 2u * quads] = c;
  columns[out + 3u * quads] = d;
}
