// nn/winograd-lanes: the products of nn/winograd, 64 products of matrices: for each point, tiles x inputs times inputs x
// outputs. As nn/conv-lanes for drivers that run eight invocations as one SIMD register: a workgroup is one subgroup of
// eight and makes 16 tiles x 16 channels of a point.
// Grid: workgroups, tiles first, then channels, then points, which share nothing; tiles and channels out of range are not stored.
enable subgroups;
#if F16
enable f16;
#endif
#import common/grid
#import common/nn/quad
#import common/nn/lanes

struct Params {
  count: u32,         // tiles
  in_octets: u32,
  out_quads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> points: array<vec4f>;          // [point][tile][quad]
@group(0) @binding(2) var<storage, read> weights: array<Quad>;          // [outputs / 16][point][octet of inputs][quad of 16][input]
@group(0) @binding(3) var<storage, read_write> products: array<vec4f>;  // [point][tile][quad]

override workgroup_size: u32 = 8;

const POINTS = 64u;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let work = linear_invocation(group, groups, 0u, 1u);
  let groups_of_tiles = max((params.count + 2u * LANES - 1u) / (2u * LANES), 1u);
  let blocks = max((params.out_quads + QUADS - 1u) / QUADS, 1u);
  let quad = work / groups_of_tiles % blocks * QUADS;
  let point = work / groups_of_tiles / blocks;
  if (point >= POINTS || params.count == 0u) { return; }
  let tile = (work % groups_of_tiles) * 2u * LANES + lane;
  let inside_a = tile < params.count;
  let inside_b = tile + LANES < params.count;
  let in_quads = 2u * params.in_octets;
  var at_a = (point * params.count + select(0u, tile, inside_a)) * in_quads;
  var at_b = (point * params.count + select(0u, tile + LANES, inside_b)) * in_quads;
  var at_w = (quad / QUADS * POINTS + point) * params.in_octets * BLOCK + lane;
  var sums = Sums();
  for (var octet = 0u; octet < params.in_octets; octet++) {
    let held = Weights(
      vec4f(weights[at_w]),
      vec4f(weights[at_w + LANES]),
      vec4f(weights[at_w + 2u * LANES]),
      vec4f(weights[at_w + 3u * LANES]),
    );
    let a0 = points[at_a];
    let a1 = points[at_a + 1u];
    let b0 = points[at_b];
    let b1 = points[at_b + 1u];
    add_octet(&sums, held, a0, a1, b0, b1);
    at_a += 2u;
    at_b += 2u;
    at_w += BLOCK;
  }
  let quads = params.out_quads - quad;
  if (inside_a) {
    let to = (point * params.count + tile) * params.out_quads + quad;
    products[to] = sums.a0;
    if (quads > 1u) { products[to + 1u] = sums.a1; }
    if (quads > 2u) { products[to + 2u] = sums.a2; }
    if (quads > 3u) { products[to + 3u] = sums.a3; }
  }
  if (inside_b) {
    let to = (point * params.count + tile + LANES) * params.out_quads + quad;
    products[to] = sums.b0;
    if (quads > 1u) { products[to + 1u] = sums.b1; }
    if (quads > 2u) { products[to + 2u] = sums.b2; }
    if (quads > 3u) { products[to + 3u] = sums.b3; }
  }
}
