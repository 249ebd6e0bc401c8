// Position of a linear index in a box of the given size, x fastest.
fn position_of(index: u32, size: vec3u) -> vec3u {
  let row = index / size.x;
  return vec3u(index - row * size.x, row % size.y, row / size.y);
}
