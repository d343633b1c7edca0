// The gradient of attention_forward.wgsl with respect to q; the probabilities are recomputed from lse:
//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   delta[i] = dout[i] . out[i]
//   dq[i] = scale * sum over j <= i of p[i, j] * (dout[i] . v[j] - delta[i]) * k[j]
// CAPPED, p is that of the capped score, and each term of dq is multiplied by the slope of the cap, 1 - tanh^2.
// Shapes as in the forward; dout, dq like out and q, delta [query rows, HEADS] is kept for attention_key_grad.wgsl.
// One workgroup a block (or part) and head, each lane QUERIES queries, keys four at a time, as in the forward.
// For any adapter; on software adapters with subgroups of 8 attention_broadcast_query_grad.wgsl is 2 to 6 times as fast.
// vary HEAD_DIM4  head_dim / 4
// vary HEADS      query heads
// vary KV_HEADS   key/value heads
// vary QUERIES    queries of a lane
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
@group(0) @binding(5) var<storage, read> out: array<vec4f>;
@group(0) @binding(6) var<storage, read> lse: array<f32>;
@group(0) @binding(7) var<storage, read> dout: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> delta: array<f32>;

const Q_ROW = HEADS * HEAD_DIM4;
const K_ROW = KV_HEADS * HEAD_DIM4;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let depth = select(params.head_dim4, HEAD_DIM4, UNROLLED);
  let block = part_of(blocks[group.x], group.z, QUERIES * LANES);
  if (block.count == 0u) {
    return;
  }
  let head = group.y;
  let kv_start = block.first_key * K_ROW + (head / (HEADS / KV_HEADS)) * HEAD_DIM4;
  var query: array<vec4f, QUERIES * HEAD_DIM4>;
  var above: array<vec4f, QUERIES * HEAD_DIM4>; // dout
  var sum: array<vec4f, QUERIES * HEAD_DIM4>;
  var log_sum: array<f32, QUERIES>;
  var pull: array<f32, QUERIES>; // delta
  var visible: array<u32, QUERIES>;
  for (var i = 0u; i < QUERIES; i++) {
    let place = min(i * LANES + lane, block.count - 1u);
    visible[i] = block.visible + place + 1u;
    let row = block.first_query + place;
    let start = row * Q_ROW + head * HEAD_DIM4;
    log_sum[i] = lse[row * HEADS + head];
    var products = vec4f();
    for (var d = 0u; d < depth; d++) {
      query[i * HEAD_DIM4 + d] = q[start + d] * params.scale;
      let g = dout[start + d];
      above[i * HEAD_DIM4 + d] = g;
      products += g * out[start + d];
    }
    pull[i] = dot(products, vec4f(1.0));
  }
  let keys = block.visible + block.count;
  // A multiple of four, as without a window, so that a query gets the same bits in whichever block it is (in decoding).
  let begin = select(0u, first_in_window(block.visible + 1u, params.window) & ~3u, WINDOWED);
  for (var j = begin; j < keys; j += 4u) {
    let last = keys - 1u;
    let key0 = kv_start + j * K_ROW;
    let key1 = kv_start + min(j + 1u, last) * K_ROW;
    let key2 = kv_start + min(j + 2u, last) * K_ROW;
    let key3 = kv_start + min(j + 3u, last) * K_ROW;
    var score = array<vec4f, QUERIES>();
    var up = array<vec4f, QUERIES>();
    for (var d = 0u; d < depth; d++) {
      let a = k[key0 + d];
      let b = k[key1 + d];
      let c = k[key2 + d];
      let e = k[key3 + d];
      let f = v[key0 + d];
      let g = v[key1 + d];
      let m = v[key2 + d];
      let n = v[key3 + d];
      for (var i = 0u; i < QUERIES; i++) {
        let r = query[i * HEAD_DIM4 + d];
        score[i] += vec4f(dot(r, a), dot(r, b), dot(r, c), dot(r, e));
        let s = above[i * HEAD_DIM4 + d];
        up[i] += vec4f(dot(s, f), dot(s, g), dot(s, m), dot(s, n));
      }
    }
    for (var i = 0u; i < QUERIES; i++) {
      let at = vec4u(j, j + 1u, j + 2u, j + 3u);
      var seen = at < vec4u(visible[i]);
      if (WINDOWED) {
        seen &= at >= vec4u(first_in_window(visible[i], params.window));
      }
      var z = score[i];
      var slope = vec4f(1.0);
      if (CAPPED) {
        slope = softcap4_slope(z, params.softcap);
        z = softcap4(z, params.softcap);
      }
      let p = select(vec4f(), exp4_accurate(z - log_sum[i]), seen);
      score[i] = p * (up[i] - pull[i]) * slope;
    }
    for (var d = 0u; d < depth; d++) {
      let a = k[key0 + d];
      let b = k[key1 + d];
      let c = k[key2 + d];
      let e = k[key3 + d];
      for (var i = 0u; i < QUERIES; i++) {
        let w = score[i];
        sum[i * HEAD_DIM4 + d] += w.x * a + w.y * b + w.z * c + w.w * e;
      }
    }
  }
  for (var i = 0u; i < QUERIES; i++) {
    let place = i * LANES + lane;
    if (place < block.count) {
      let row = block.first_query + place;
      let start = row * Q_ROW + head * HEAD_DIM4;
      for (var d = 0u; d < depth; d++) {
        dq[start + d] = sum[i * HEAD_DIM4 + d] * params.scale;
      }
      delta[row * HEADS + head] = pull[i];
    }
  }
}
