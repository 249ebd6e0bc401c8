// Which stretch of which four neighbouring columns along z an invocation walks. Columns are numbered along x, then y. All
// invocations of a workgroup walk the same rows, so that what they read along z is the same for all.
struct Quad {
  exists: bool,
  number: vec4u,  // of the columns; the last may be beyond the plane
  u: vec4u,       // index along x
  v: vec4u,       // along y, inside the plane
  first: u32,     // row of the stretch
  end: u32,
}

fn quad_of(group: u32, local: u32, width: u32, size: vec3u, stretches: u32, rows: u32) -> Quad {
  let plane = size.x * size.y;
  let parts = max((plane + 4u * width - 1u) / (4u * width), 1u);
  let stretch = group / parts;
  let start = 4u * ((group - stretch * parts) * width + local);
  let number = vec4u(start, start + 1u, start + 2u, start + 3u);
  let v = number / max(size.x, 1u);
  let first = stretch * rows;
  return Quad(
    start < plane && stretch < stretches,
    number,
    number - v * size.x,
    min(v, vec4u(max(size.y, 1u) - 1u)),
    first,
    min(first + rows, size.z),
  );
}
