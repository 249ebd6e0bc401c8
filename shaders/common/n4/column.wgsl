// Which stretch of which four columns an invocation walks. Columns go in fours, x to x + 3: what depends on the row alone
// is computed once for four voxels. All invocations of a workgroup walk the same rows, so that what they read along y is the
// same for all: one load on devices that see it.
// The voxels of a grid lie in memory as they are walked: blocks of BLOCK fours of columns (fewer at the end of x), in a block
// row after row. Each step goes to the next cache line, not to one a row of the image further on.
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

const BLOCK = 8u;

// Place in memory of a four of voxels, and the distance to the next one along y.
struct Cell {
  at: u32,
  step: u32,
}

fn cell_of(quad: u32, y: u32, z: u32, size: vec3u) -> Cell {
  let start = quad & ~(BLOCK - 1u);
  let step = min(BLOCK, quads_of(size) - start);
  return Cell(size.y * (quads_of(size) * z + start) + step * y + quad - start, step);
}
