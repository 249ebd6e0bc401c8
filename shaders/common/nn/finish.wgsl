// The end of a convolution: bias, the way around the block, rectifier. Needs of the kernel: params.out_size, .out_quads,
// .rectify, .shortcut_quads, .shortcut_size and .shortcut_stride; the buffers bias, shortcut and results.

// Index of the first quad of a voxel.
fn quad_of(voxel: vec3u, image: u32, size: vec3u, quads: u32) -> u32 {
  return (((image * size.z + voxel.z) * size.y + voxel.y) * size.x + voxel.x) * quads;
}

fn finish(voxel: vec4u, quad: u32, sum: vec4f) {
  var value = sum + bias[quad];
  if (quad < params.shortcut_quads) {
    let at = quad_of(voxel.xyz * params.shortcut_stride, voxel.w, params.shortcut_size, params.shortcut_quads);
    value += vec4f(shortcut[at + quad]);
  }
  // NaN stays, which max() need not do.
  if (params.rectify == 1u) { value = select(value, vec4f(), value < vec4f()); }
  results[quad_of(voxel.xyz, voxel.w, params.out_size, params.out_quads) + quad] = Quad(value);
}
