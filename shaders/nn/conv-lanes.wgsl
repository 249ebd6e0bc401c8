// nn/conv-lanes: 3D convolution as an implicit matrix product, for drivers that run eight invocations as one SIMD
// register: loads cost most there, exchange between lanes next to nothing. A workgroup is one subgroup of eight; it makes
// 16 voxels x 16 channels. Each lane holds two voxels, and of the weights one input for 16 outputs, which it passes round.
// Grid: workgroups, tiles of voxels first, then tiles of channels; voxels and channels out of range are not stored.
// Taps that are outside the image for all voxels of a tile are left out.
// Definition: cross-correlation with zero padding. Twin: test/reference/nn/conv.ts
enable subgroups;
#if F16
enable f16;
#endif
// The lanes agree by subgroupAny, which the analysis cannot see.
diagnostic(off, subgroup_uniformity);
#import common/grid
#import common/nn/convolution
#import common/nn/lanes

override workgroup_size: u32 = 8;

// Adds the sums of a tap to those before: short sums first keep the rounding errors small.
fn gather(sums: ptr<function, Sums>, part: Sums) {
  (*sums).a0 += part.a0;
  (*sums).a1 += part.a1;
  (*sums).a2 += part.a2;
  (*sums).a3 += part.a3;
  (*sums).b0 += part.b0;
  (*sums).b1 += part.b1;
  (*sums).b2 += part.b2;
  (*sums).b3 += part.b3;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = linear_invocation(group, groups, 0u, 1u);
  let tiles = (params.voxels + 2u * LANES - 1u) / (2u * LANES);
  let quad = tile / max(tiles, 1u) * QUADS;
  if (quad >= params.out_quads) { return; }
  let place = (tile % max(tiles, 1u)) * 2u * LANES + lane;
  let voxel_a = voxel_at(place);
  let voxel_b = voxel_at(place + LANES);
  let inside_a = place < params.voxels;
  let inside_b = place + LANES < params.voxels;
  let first_a = first_tap(voxel_a);
  let first_b = first_tap(voxel_b);
  let in_quads = 2u * params.in_octets;
  let size = params.in_size;
  let first_w = quad / QUADS * params.extent.x * params.extent.y * params.extent.z * params.in_octets;

  var sums = Sums();
  for (var kz = 0u; kz < params.extent.z; kz++) {
    let az = first_a.z + kz * params.dilation.z;
    let bz = first_b.z + kz * params.dilation.z;
    for (var ky = 0u; ky < params.extent.y; ky++) {
      let ay = first_a.y + ky * params.dilation.y;
      let by = first_b.y + ky * params.dilation.y;
      let row_a = inside_a && az < size.z && ay < size.y;
      let row_b = inside_b && bz < size.z && by < size.y;
      for (var kx = 0u; kx < params.extent.x; kx++) {
        let ax = first_a.x + kx * params.dilation.x;
        let bx = first_b.x + kx * params.dilation.x;
        let used_a = row_a && ax < size.x;
        let used_b = row_b && bx < size.x;
        if (!subgroupAny(used_a || used_b)) { continue; }
        var at_a = select(0u, quad_of(vec3u(ax, ay, az), voxel_a.w, size, in_quads), used_a);
        var at_b = select(0u, quad_of(vec3u(bx, by, bz), voxel_b.w, size, in_quads), used_b);
        let tap = (kz * params.extent.y + ky) * params.extent.x + kx;
        var at_w = (first_w + tap * params.in_octets) * BLOCK + lane;
        var part = Sums();
        for (var octet = 0u; octet < params.in_octets; octet++) {
          let held = Weights(
            vec4f(weights[at_w]),
            vec4f(weights[at_w + LANES]),
            vec4f(weights[at_w + 2u * LANES]),
            vec4f(weights[at_w + 3u * LANES]),
          );
          let a0 = select(vec4f(), vec4f(activation[at_a]), used_a);
          let a1 = select(vec4f(), vec4f(activation[at_a + 1u]), used_a);
          let b0 = select(vec4f(), vec4f(activation[at_b]), used_b);
          let b1 = select(vec4f(), vec4f(activation[at_b + 1u]), used_b);
          add_octet(&part, held, a0, a1, b0, b1);
          at_a += 2u;
          at_b += 2u;
          at_w += BLOCK;
        }
        gather(&sums, part);
      }
    }
  }
  let quads = min(QUADS, params.out_quads - quad);
  if (inside_a) {
    finish(voxel_a, quad, sums.a0);
    if (quads > 1u) { finish(voxel_a, quad + 1u, sums.a1); }
    if (quads > 2u) { finish(voxel_a, quad + 2u, sums.a2); }
    if (quads > 3u) { finish(voxel_a, quad + 3u, sums.a3); }
  }
  if (inside_b) {
    finish(voxel_b, quad, sums.b0);
    if (quads > 1u) { finish(voxel_b, quad + 1u, sums.b1); }
    if (quads > 2u) { finish(voxel_b, quad + 2u, sums.b2); }
    if (quads > 3u) { finish(voxel_b, quad + 3u, sums.b3); }
  }
}
