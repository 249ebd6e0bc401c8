// nn/winograd: 3 x 3 x 3 convolutions of stride 1 by Winograd's F(2, 3) along all axes: 64 products for the 8 voxels of a
// tile instead of 216. input: the 4 x 4 x 4 voxels under a tile become 64 points; nn/winograd-lanes multiplies point by
// point with the filter's; output: of 64 points the 2 x 2 x 2 results, and the end of the convolution.
// The voxels of a tile are `dilation` apart. Voxels outside the image are 0, and are not stored.
// One invocation per tile, quad of channels and plane across z of the points or of the results; out-of-range invocations do
// nothing. Grid: linear, quads first, then tiles, then planes.
// Definition: Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, 2016. Twin: test/reference/nn/conv.ts
#if F16
enable f16;
#endif
#import common/grid
#import common/nn/quad
#import common/nn/finish

struct Params {
  size: vec3u,            // of the image and the result: x, y, z
  in_quads: u32,
  tiles: vec3u,           // along x, y and z
  out_quads: u32,
  out_size: vec3u,        // the same as size
  dilation: u32,          // and padding
  shortcut_size: vec3u,
  shortcut_quads: u32,
  shortcut_stride: u32,
  rectify: u32,
  first: u32,             // tile with which the points begin
  count: u32,             // tiles that the points are of
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> activation: array<Quad>;
@group(0) @binding(2) var<storage, read_write> points: array<vec4f>;    // [point z][point y][point x][tile][quad]
@group(0) @binding(3) var<storage, read> products: array<vec4f>;        // likewise
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;
@group(0) @binding(5) var<storage, read> shortcut: array<Quad>;
@group(0) @binding(6) var<storage, read_write> results: array<Quad>;

override workgroup_size: u32 = 64;

// First voxel of a tile, and its image.
fn tile_at(tile: u32) -> vec4u {
  let x = tile % params.tiles.x;
  let y = tile / params.tiles.x % params.tiles.y;
  let rest = tile / params.tiles.x / params.tiles.y;
  let at = vec3u(x, y, rest % params.tiles.z);
  return vec4u(at + at / params.dilation * params.dilation, rest / params.tiles.z);
}

fn read_voxel(corner: vec4u, tap: vec3u, quad: u32) -> vec4f {
  // Below zero it wraps and is beyond the size.
  let at = corner.xyz + tap * params.dilation - params.dilation;
  let used = all(at < params.size);
  let index = quad_of(at, corner.w, params.size, params.in_quads) + quad;
  return select(vec4f(), vec4f(activation[select(0u, index, used)]), used);
}

// Four voxels or points along x, and four of these along y.
struct Row { a: vec4f, b: vec4f, c: vec4f, d: vec4f }
struct Plane { a: Row, b: Row, c: Row, d: Row }

fn add_row(row: ptr<function, Row>, corner: vec4u, y: u32, z: u32, quad: u32, sign: f32) {
  (*row).a += sign * read_voxel(corner, vec3u(0u, y, z), quad);
  (*row).b += sign * read_voxel(corner, vec3u(1u, y, z), quad);
  (*row).c += sign * read_voxel(corner, vec3u(2u, y, z), quad);
  (*row).d += sign * read_voxel(corner, vec3u(3u, y, z), quad);
}

fn plus(s: Row, t: Row) -> Row { return Row(s.a + t.a, s.b + t.b, s.c + t.c, s.d + t.d); }
fn minus(s: Row, t: Row) -> Row { return Row(s.a - t.a, s.b - t.b, s.c - t.c, s.d - t.d); }

fn write_row(first: u32, step: u32, row: Row) {
  points[first] = row.a - row.c;
  points[first + step] = row.b + row.c;
  points[first + 2u * step] = row.c - row.b;
  points[first + 3u * step] = row.b - row.d;
}

@compute @workgroup_size(workgroup_size)
fn input(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  let step = params.count * params.in_quads;
  if (k >= 4u * step) { return; }
  let corner = tile_at(params.first + k % step / params.in_quads);
  let quad = k % params.in_quads;
  // Of four voxels along z the points are 0 - 2, 1 + 2, 2 - 1 and 1 - 3.
  let point = k / step;
  let first = vec4u(0u, 1u, 2u, 1u)[point];
  let second = vec4u(2u, 2u, 1u, 3u)[point];
  let sign = select(-1.0, 1.0, point == 1u);
  var plane = Plane();
  for (var pair = 0u; pair < 2u; pair++) {
    let z = select(first, second, pair == 1u);
    let weight = select(1.0, sign, pair == 1u);
    add_row(&plane.a, corner, 0u, z, quad, weight);
    add_row(&plane.b, corner, 1u, z, quad, weight);
    add_row(&plane.c, corner, 2u, z, quad, weight);
    add_row(&plane.d, corner, 3u, z, quad, weight);
  }
  let to = point * 16u * step + k % step;
  write_row(to, step, minus(plane.a, plane.c));
  write_row(to + 4u * step, step, plus(plane.b, plane.c));
  write_row(to + 8u * step, step, minus(plane.c, plane.b));
  write_row(to + 12u * step, step, minus(plane.b, plane.d));
}

fn read_row(first: u32, step: u32) -> Row {
  return Row(products[first], products[first + step], products[first + 2u * step], products[first + 3u * step]);
}

// Of four points along an axis the results are 0 + 1 + 2 and 1 - 2 - 3.
fn finish_row(voxel: vec4u, quad: u32, row: Row) {
  if (all(voxel.xyz < params.size)) { finish(voxel, quad, row.a + row.b + row.c); }
  let next = voxel + vec4u(params.dilation, 0u, 0u, 0u);
  if (all(next.xyz < params.size)) { finish(next, quad, row.b - row.c - row.d); }
}

@compute @workgroup_size(workgroup_size)
fn output(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  let step = params.count * params.out_quads;
  if (k >= 2u * step) { return; }
  let corner = tile_at(params.first + k % step / params.out_quads);
  let quad = k % params.out_quads;
  let part = k / step;
  var near = Row();
  var far = Row();
  for (var z = 0u; z < 3u; z++) {
    let weight = select(1.0, -1.0, part == 1u && z > 0u);
    let plane = (part + z) * 16u * step + k % step;
    let a = read_row(plane, step);
    let b = read_row(plane + 4u * step, step);
    let c = read_row(plane + 8u * step, step);
    let d = read_row(plane + 12u * step, step);
    let one = plus(plus(a, b), c);
    let two = minus(minus(b, c), d);
    near = Row(near.a + weight * one.a, near.b + weight * one.b, near.c + weight * one.c, near.d + weight * one.d);
    far = Row(far.a + weight * two.a, far.b + weight * two.b, far.c + weight * two.c, far.d + weight * two.d);
  }
  let voxel = corner + vec4u(0u, 0u, part * params.dilation, 0u);
  finish_row(voxel, quad, near);
  finish_row(voxel + vec4u(0u, params.dilation, 0u, 0u), quad, far);
}
