// Rotary embedding of queries and keys in place (RoFormer, arXiv 2104.09864; the rotate-half pairing of transformers):
//   x[n, h, i]        = a cos - b sin
//   x[n, h, i + half] = b cos + a sin,   a = x[n, h, i], b = x[n, h, i + half], i < half <= head_dim / 2,  x = q, k
// with cos and sin of position[n] * inverse_frequency[i], read from a table made in float64 on the host. Dimensions from
// 2 half on pass through (partial rotary). The backward is the transpose, the turn by the negative angle: `direction` is
// 1 or -1.
// Shapes: q [query_rows, heads * head_dim], k [key_rows, kv_heads * head_dim], positions of both [rows], table [positions,
// half, 2] (cos, sin); half and head_dim are even.
// A workgroup turns row n of both: 8 lanes along a head, two pairs each, by HEAD_LANES heads at a time. Nothing is divided: on
// llvmpipe a division costs as much as a dozen loads.
// vary HEAD_LANES  1 on software adapters, where each lane then reads the table once for all heads; more on GPUs
// uses flat
struct Params {
  query_rows: u32,
  key_rows: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32,
  half: u32,
  direction: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query_positions: array<u32>;
@group(0) @binding(2) var<storage, read> key_positions: array<u32>;
@group(0) @binding(3) var<storage, read> table: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> q: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> k: array<vec2f>;

// (cosine, cosine, sine, sine) of two pairs.
fn angles(position: u32, i: u32) -> vec4f {
  let entry = table[position * (params.half / 2u) + i];
  return vec4f(entry.xz, entry.yw * params.direction);
}

@compute @workgroup_size(8, HEAD_LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let row = flat_workgroup(group, groups);
  let half2 = params.half / 2u;
  let dim2 = params.head_dim / 2u;
  if (row < params.query_rows) {
    let position = query_positions[row];
    for (var i = lane.x; i < half2; i += 8u) {
      let by = angles(position, i);
      for (var h = lane.y; h < params.heads; h += HEAD_LANES) {
        let at = (row * params.heads + h) * dim2 + i;
        let a = q[at];
        let b = q[at + half2];
        q[at] = a * by.xy - b * by.zw;
        q[at + half2] = b * by.xy + a * by.zw;
      }
    }
  }
  if (row < params.key_rows) {
    let position = key_positions[row];
    for (var i = lane.x; i < half2; i += 8u) {
      let by = angles(position, i);
      for (var h = lane.y; h < params.kv_heads; h += HEAD_LANES) {
        let at = (row * params.kv_heads + h) * dim2 + i;
        let a = k[at];
        let b = k[at + half2];
        k[at] = a * by.xy - b * by.zw;
        k[at + half2] = b * by.xy + a * by.zw;
      }
    }
  }
}
