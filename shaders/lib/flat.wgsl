// The index of a workgroup in a grid that was folded into two dimensions (65535 is the limit of one).
fn flat_workgroup(group: vec3u, groups: vec3u) -> u32 {
  return group.y * groups.x + group.x;
}
