// Rotary embedding of queries and keys in place, as rotary.wgsl, where the pairs of a head are an odd number: `half` is then odd,
// and vec2s would lie across the halves.
//   x[n, h, i] = a cos - b sin,  x[n, h, i + half] = b cos + a sin,  a = x[n, h, i], b = x[n, h, i + half], i < half,  x = q, k
// Shapes: q [query_rows, heads * head_dim], k [key_rows, kv_heads * head_dim], positions of both [rows], table [positions,
// half, 2] (cos, sin). A workgroup turns row n of both: 8 lanes along a head, one pair each, by HEAD_LANES heads at a time.
// vary HEAD_LANES  as in rotary.wgsl
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
@group(0) @binding(3) var<storage, read> table: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> q: array<f32>;
@group(0) @binding(5) var<storage, read_write> k: array<f32>;

// (cosine, sine)
fn angle(position: u32, i: u32) -> vec2f {
  return table[position * params.half + i] * vec2f(1.0, params.direction);
}

@compute @workgroup_size(8, HEAD_LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let row = flat_workgroup(group, groups);
  if (row < params.query_rows) {
    let position = query_positions[row];
    for (var i = lane.x; i < params.half; i += 8u) {
      let by = angle(position, i);
      for (var h = lane.y; h < params.heads; h += HEAD_LANES) {
        let at = (row * params.heads + h) * params.head_dim + i;
        let a = q[at];
        let b = q[at + params.half];
        q[at] = a * by.x - b * by.y;
        q[at + params.half] = b * by.x + a * by.y;
      }
    }
  }
  if (row < params.key_rows) {
    let position = key_positions[row];
    for (var i = lane.x; i < params.half; i += 8u) {
      let by = angle(position, i);
      for (var h = lane.y; h < params.kv_heads; h += HEAD_LANES) {
        let at = (row * params.kv_heads + h) * params.head_dim + i;
        let a = k[at];
        let b = k[at + params.half];
        k[at] = a * by.x - b * by.y;
        k[at + params.half] = b * by.x + a * by.y;
      }
    }
  }
}
