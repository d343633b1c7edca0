// Rotary embedding in place, as rotary.wgsl, where the pairs of a head are an odd number: `half` is then odd, and vec2s
// would lie across the halves.
//   x[n, h, i] = a cos - b sin,  x[n, h, i + half] = b cos + a sin,  a = x[n, h, i], b = x[n, h, i + half], i < half
// Shapes: x [rows, heads * head_dim], positions [rows], table [positions, half, 2] (cos, sin). One pair an invocation.
// uses flat
struct Params {
  rows: u32,
  heads: u32,
  head_dim: u32,
  half: u32,
  direction: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = flat_workgroup(group, groups) * 64u + lane;
  let head = index / params.half; // of all rows
  let row = head / params.heads;
  if (row >= params.rows) {
    return;
  }
  let i = index % params.half;
  let entry = table[positions[row] * params.half + i];
  let sine = entry.y * params.direction;
  let at = head * params.head_dim + i;
  let a = x[at];
  let b = x[at + params.half];
  x[at] = a * entry.x - b * sine;
  x[at + params.half] = b * entry.x + a * sine;
}
