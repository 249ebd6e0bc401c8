// resample/gather: picks voxels by one table of linear offsets per axis: nearest neighbours, crops, flips and permutations
// of axes. One invocation walks a stretch of four neighbouring columns of the grid (fixed x and y) along z; where a table
// says outside, it writes the default. Words are copied as they are, so that labels stay exact.
// `main` stores four voxels at a time and needs planes of a multiple of four voxels; `ragged` does not.
// Grid: per stretch, linear over groups of four voxels of a plane; columns out of range are not written.
// Definition: itkResampleImageFilter.hxx. Twin: test/reference/resample/interpolate.ts
#import common/quads

struct Params {
  size: vec3u,     // of the grid
  stretches: u32,  // per column
  rows: u32,       // voxels per stretch
  outside: u32,    // word of voxels outside
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;  // of all x, then all y, then all z
@group(0) @binding(3) var<storage, read_write> quads: array<vec4u>;  // the picked voxels by fours
@group(0) @binding(4) var<storage, read_write> picked: array<u32>;

override workgroup_size: u32 = 64;

const OUTSIDE = 0xffffffffu;

struct Columns {
  base: vec4u,
  beyond: vec4<bool>,
}

fn columns_of(q: Quad) -> Columns {
  let x = vec4u(offsets[q.u.x], offsets[q.u.y], offsets[q.u.z], offsets[q.u.w]);
  let at = params.size.x + q.v;
  let y = vec4u(offsets[at.x], offsets[at.y], offsets[at.z], offsets[at.w]);
  let beyond = (x == vec4u(OUTSIDE)) | (y == vec4u(OUTSIDE));
  return Columns(select(x + y, vec4u(0u), beyond), beyond);
}

// The four voxels of a row.
fn pick(c: Columns, row: u32) -> vec4u {
  let z = offsets[params.size.x + params.size.y + row];
  let at = c.base + select(z, 0u, z == OUTSIDE);
  let words = vec4u(voxels[at.x], voxels[at.y], voxels[at.z], voxels[at.w]);
  return select(words, vec4u(params.outside), c.beyond | vec4<bool>(z == OUTSIDE));
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let q = quad_of(group.y * groups.x + group.x, local, workgroup_size, params.size, params.stretches, params.rows);
  if (!q.exists) { return; }
  let c = columns_of(q);
  let step = params.size.x * params.size.y / 4u;
  var out = q.number.x / 4u + q.first * step;
  for (var row = q.first; row < q.end; row++) {
    quads[out] = pick(c, row);
    out += step;
  }
}

@compute @workgroup_size(workgroup_size)
fn ragged(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let q = quad_of(group.y * groups.x + group.x, local, workgroup_size, params.size, params.stretches, params.rows);
  if (!q.exists) { return; }
  let c = columns_of(q);
  let plane = params.size.x * params.size.y;
  var out = q.number + q.first * plane;
  for (var row = q.first; row < q.end; row++) {
    let words = pick(c, row);
    picked[out.x] = words.x;
    if (q.number.y < plane) { picked[out.y] = words.y; }
    if (q.number.z < plane) { picked[out.z] = words.z; }
    if (q.number.w < plane) { picked[out.w] = words.w; }
    out += plane;
  }
}
