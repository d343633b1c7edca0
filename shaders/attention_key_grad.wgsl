// The gradients of attention_forward.wgsl with respect to k and v:
//   dv[j, g] = sum over heads h of group g and i >= j of p[i, j] * dout[i, h]
//   dk[j, g] = scale * sum over h and i >= j of p[i, j] * (dout[i, h] . v[j, g] - delta[i, h]) * q[i, h]
// with p and delta as in attention_query_grad.wgsl, which runs before. Queries and keys are the same packed rows here.
// CAPPED and WINDOWED as there.
// Shapes as in the forward; dk, dv like k and v.
// One workgroup a block (or part) of keys and key/value head; each lane holds KEYS keys in registers and walks over the
// queries of the group's heads four at a time; query addresses are the same for all lanes.
// For any adapter; on software adapters with subgroups of 8 attention_broadcast_key_grad.wgsl is 2 to 6 times as fast.
// vary HEAD_DIM4  head_dim / 4
// vary HEADS      query heads
// vary KV_HEADS   key/value heads
// vary KEYS       keys of a lane, the same as the queries of a lane of the other two kernels
// vary UNROLLED   unrolls the loops over head_dim: registers on a GPU, but half a minute of compiling on llvmpipe
// vary WINDOWED   sliding window: a query sees the last `window` keys of those up to its own
// vary CAPPED     scores are capped, softcap * tanh(score / softcap)
// uses exp
// uses softcap
// uses block
struct Params {
  scale: f32,
  head_dim4: u32,
  window: u32,
  softcap: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> q: array<vec4f>;
@group(0) @binding(3) var<storage, read> k: array<vec4f>;
@group(0) @binding(4) var<storage, read> v: array<vec4f>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read> delta: array<f32>;
@group(0) @binding(7) var<storage, read> dout: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> dv: array<vec4f>;

const GROUP = HEADS / KV_HEADS;
const Q_ROW = HEADS * HEAD_DIM4;
const K_ROW = KV_HEADS * HEAD_DIM4;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let depth = select(params.head_dim4, HEAD_DIM4, UNROLLED);
  let block = part_of(blocks[group.x], group.z, KEYS * LANES);
  if (block.count == 0u) {
    return;
  }
  let kv_head = group.y;
  var key: array<vec4f, KEYS * HEAD_DIM4>;
  var value: array<vec4f, KEYS * HEAD_DIM4>;
  var key_sum: array<vec4f, KEYS * HEAD_DIM4>;
  var value_sum: array<vec4f, KEYS * HEAD_DIM4>;
  var position: array<u32, KEYS>; // row of a key
  for (var i = 0u; i < KEYS; i++) {
    position[i] = block.first_query + min(i * LANES + lane, block.count - 1u);
    let start = position[i] * K_ROW + kv_head * HEAD_DIM4;
    for (var d = 0u; d < depth; d++) {
      key[i * HEAD_DIM4 + d] = k[start + d] * params.scale;
      value[i * HEAD_DIM4 + d] = v[start + d];
    }
  }
  // The last query that sees any of these keys is window - 1 rows after the last of them.
  let reach = min(block.end, block.first_query + block.count - 1u + params.window);
  let end = select(block.end, reach, WINDOWED);
  let last = end - 1u;
  for (var h = 0u; h < GROUP; h++) {
    let head = kv_head * GROUP + h;
    // Queries before the block's first key see none of its keys.
    for (var row = block.first_query; row < end; row += 4u) {
      let rows = vec4u(row, row + 1u, row + 2u, row + 3u);
      let safe = min(rows, vec4u(last));
      let start = safe * Q_ROW + head * HEAD_DIM4;
      let at = safe * HEADS + head;
      let log_sum = vec4f(lse[at.x], lse[at.y], lse[at.z], lse[at.w]);
      let pull = vec4f(delta[at.x], delta[at.y], delta[at.z], delta[at.w]);
      var score = array<vec4f, KEYS>();
      var up = array<vec4f, KEYS>();
      for (var d = 0u; d < depth; d++) {
        let a = q[start.x + d];
        let b = q[start.y + d];
        let c = q[start.z + d];
        let e = q[start.w + d];
        let f = dout[start.x + d];
        let g = dout[start.y + d];
        let m = dout[start.z + d];
        let n = dout[start.w + d];
        for (var i = 0u; i < KEYS; i++) {
          let r = key[i * HEAD_DIM4 + d];
          score[i] += vec4f(dot(r, a), dot(r, b), dot(r, c), dot(r, e));
          let s = value[i * HEAD_DIM4 + d];
          up[i] += vec4f(dot(s, f), dot(s, g), dot(s, m), dot(s, n));
        }
      }
      for (var i = 0u; i < KEYS; i++) {
        var seen = (rows >= vec4u(position[i])) & (rows < vec4u(end));
        if (WINDOWED) {
          seen &= rows < vec4u(position[i] + params.window);
        }
        var z = score[i];
        var slope = vec4f(1.0);
        if (CAPPED) {
          slope = softcap4_slope(z, params.softcap);
          z = softcap4(z, params.softcap);
        }
        let p = select(vec4f(), exp4_accurate(z - log_sum), seen);
        score[i] = p;
        up[i] = p * (up[i] - pull) * slope;
      }
      for (var d = 0u; d < depth; d++) {
        let a = q[start.x + d];
        let b = q[start.y + d];
        let c = q[start.z + d];
        let e = q[start.w + d];
        let f = dout[start.x + d];
        let g = dout[start.y + d];
        let m = dout[start.z + d];
        let n = dout[start.w + d];
        for (var i = 0u; i < KEYS; i++) {
          let w = score[i];
          value_sum[i * HEAD_DIM4 + d] += w.x * f + w.y * g + w.z * m + w.w * n;
          let s = up[i];
          key_sum[i * HEAD_DIM4 + d] += s.x * a + s.y * b + s.z * c + s.w * e;
        }
      }
    }
  }
  for (var i = 0u; i < KEYS; i++) {
    let place = i * LANES + lane;
    if (place < block.count) {
      let start = (block.first_query + place) * K_ROW + kv_head * HEAD_DIM4;
      for (var d = 0u; d < depth; d++) {
        dk[start + d] = key_sum[i * HEAD_DIM4 + d] * params.scale;
        dv[start + d] = value_sum[i * HEAD_DIM4 + d];
      }
    }
  }
}
