// The linear index of an invocation in a grid whose workgroups may be folded into y.
fn linear_invocation(group: vec3u, groups: vec3u, local: u32, width: u32) -> u32 {
  return (group.y * groups.x + group.x) * width + local;
}
