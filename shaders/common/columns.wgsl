// Which stretch of which column an invocation walks. Columns are numbered along u, then v. All invocations of a workgroup
// walk the same rows, so that what they read along the column is the same for all: one load on devices that see it.
struct ColumnOf {
  u: u32,
  v: u32,
  stretch: u32,
  exists: bool,
}

fn column_of(group: u32, local: u32, width: u32, size: vec2u, stretches: u32) -> ColumnOf {
  let columns = size.x * size.y;
  let groups = max((columns + width - 1u) / width, 1u);
  let stretch = group / groups;
  let column = (group - stretch * groups) * width + local;
  let v = column / max(size.x, 1u);
  return ColumnOf(column - v * size.x, v, stretch, column < columns && stretch < stretches);
}
