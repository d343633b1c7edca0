// Rotary embedding in place (RoFormer, arXiv 2104.09864; the rotate-half pairing of transformers):
//   x[n, h, i]        = a cos - b sin
//   x[n, h, i + half] = b cos + a sin,   a = x[n, h, i], b = x[n, h, i + half], i < half <= head_dim / 2
// with cos and sin of position[n] * inverse_frequency[i], read from a table made in float64 on the host. Dimensions from
// 2 half on pass through (partial rotary). The backward is the transpose, the turn by the negative angle: `direction` is
// 1 or -1.
// Shapes: x [rows, heads * head_dim], positions [rows], table [positions, half, 2] (cos, sin); half and head_dim are even.
// Two pairs an invocation, in vectors: on llvmpipe that takes half the time of one pair an invocation.
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
@group(0) @binding(2) var<storage, read> table: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> x: array<vec2f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let half2 = params.half / 2u;
  let index = flat_workgroup(group, groups) * 64u + lane;
  let head = index / half2; // of all rows
  let row = head / params.heads;
  if (row >= params.rows) {
    return;
  }
  let i = index % half2;
  let entry = table[positions[row] * half2 + i];
  let cosine = entry.xz;
  let sine = entry.yw * params.direction;
  let at = head * (params.head_dim / 2u) + i;
  let a = x[at];
  let b = x[at + half2];
  x[at] = a * cosine - b * sine;
  x[at + half2] = b * cosine + a * sine;
}
