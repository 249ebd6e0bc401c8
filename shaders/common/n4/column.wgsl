// Which stretch of which four columns an invocation walks. Columns go in fours, x to x + 3: what depends on the row alone
// is computed once for four voxels. All invocations of a workgroup walk the same rows, so that what they read along y is the
// same for all: one load on devices that see it.
struct Column {
  quad: u32,    // number of the four columns along x
  z: u32,
  stretch: u32,
  exists: bool,
}

// Fours of columns along x; the last may reach beyond the grid.
fn quads_of(size: vec3u) -> u32 {
  return (size.x + 3u) / 4u;
}

fn column_of(group: u32, local: u32, width: u32, size: vec3u, stretches: u32) -> Column {
  let quads = quads_of(size);
  let columns = quads * size.z;
  let groups = max((columns + width - 1u) / width, 1u);
  let stretch = group / groups;
  let column = (group - stretch * groups) * width + local;
  let z = column / max(quads, 1u);
  return Column(column - z * quads, z, stretch, column < columns && stretch < stretches);
}
