// Rotary embedding in place (RoFormer, arXiv 2104.09864; the rotate-half pairing of transformers' Llama):
//   x[n, h, i]          = a cos - b sin
//   x[n, h, i + half]   = b cos + a sin,   a = x[n, h, i], b = x[n, h, i + half], half = head_dim / 2
// with cos and sin of position[n] * inverse_frequency[i], read from a table made in float64 on the host. The backward
// is the rotation by the negative angle: `direction` is 1 or -1.
// Shapes: x [rows, heads * head_dim], positions [rows], table [positions, half, 2] (cos, sin).
// Each invocation turns two pairs (head_dim is a multiple of 4).
// uses flat
struct Params {
  rows: u32,
  heads: u32,
  head_dim: u32,
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
  let quarter = params.head_dim / 4u;
  let index = flat_workgroup(group, groups) * 64u + lane;
  let pairs = params.heads * quarter;
  let row = index / pairs;
  if (row >= params.rows) {
    return;
  }
  let head = (index % pairs) / quarter;
  let i = index % quarter;
  let entry = table[positions[row] * quarter + i];
  let cosine = entry.xz;
  let sine = entry.yw * params.direction;
  let at = (row * params.heads + head) * 2u * quarter + i;
  let a = x[at];
  let b = x[at + quarter];
  x[at] = a * cosine - b * sine;
  x[at + quarter] = b * cosine + a * sine;
}
