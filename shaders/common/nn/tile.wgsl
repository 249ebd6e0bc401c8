// What the workgroups of a direct convolution make: tiles of voxels first, then tiles of channels, then parts of the inputs.
// Needs of the kernel: TILE_VOXELS, TILE_QUADS (channels by four), params and linear_invocation.
struct Tile {
  base: u32,    // place of the first voxel in the order of work
  quad: u32,    // first channels by four
  part: u32,
}

fn tile_at(group: vec3u, groups: vec3u) -> Tile {
  let tile = linear_invocation(group, groups, 0u, 1u);
  let along_voxels = max((params.voxels + TILE_VOXELS - 1u) / TILE_VOXELS, 1u);
  let along_channels = max((params.out_quads + TILE_QUADS - 1u) / TILE_QUADS, 1u);
  let column = tile / along_voxels;
  return Tile(tile % along_voxels * TILE_VOXELS, column % along_channels * TILE_QUADS, column / along_channels);
}

// From the first tap.
fn tap_offset(tap: u32) -> vec3u {
  let plane = params.extent.x * params.extent.y;
  return vec3u(tap % params.extent.x, tap / params.extent.x % params.extent.y, tap / plane) * params.dilation;
}
