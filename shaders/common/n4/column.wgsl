// Which stretch of which column an invocation walks. All invocations of a workgroup walk the same rows, so that what they
// read along y is the same for all: one load on devices that see it.
struct Column {
  x: u32,
  z: u32,
  stretch: u32,
  exists: bool,
}

fn column_of(group: u32, local: u32, width: u32, size: vec3u, stretches: u32) -> Column {
  let columns = size.x * size.z;
  let groups = max((columns + width - 1u) / width, 1u);
  let stretch = group / groups;
  let column = (group - stretch * groups) * width + local;
  let z = column / max(size.x, 1u);
  return Column(column - z * size.x, z, stretch, column < columns && stretch < stretches);
}
