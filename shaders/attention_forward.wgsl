// Causal grouped-query attention over packed sequences, without a T x T matrix (flash attention, arXiv 2205.14135):
//   out[i, h] = sum over j <= i of softmax_j(scale * q[i, h] . k[j, g]) * v[j, g],   g = h / (HEADS / KV_HEADS)
//   lse[i, h] = log sum over j <= i of exp(scale * q[i, h] . k[j, g])
// CAPPED, softcap * tanh(score / softcap) stands for each score; WINDOWED, j goes from i - window + 1 on.
// Shapes: q, out [query rows, HEADS * head_dim], k, v [key rows, KV_HEADS * head_dim], lse [query rows, HEADS].
// blocks: the queries of one workgroup, all of one sequence; query i of a block sees the keys first_key … first_key +
// visible + i. In training queries and keys are the same rows; in decoding the keys are a cache.
// One workgroup a block (or part of one: part_of) and head. Each lane holds QUERIES queries with their running maximum,
// sum and output in registers and walks over the keys four at a time; key addresses are the same for all lanes.
// For any adapter; on software adapters with subgroups of 8 attention_broadcast_forward.wgsl is 2 to 6 times as fast.
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
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

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
  var sum: array<vec4f, QUERIES * HEAD_DIM4>;
  var maximum: array<f32, QUERIES>;
  var total: array<f32, QUERIES>;
  var visible: array<u32, QUERIES>; // keys that a query sees
  for (var i = 0u; i < QUERIES; i++) {
    // Lanes beyond the block's end repeat its last query and write nothing.
    let place = min(i * LANES + lane, block.count - 1u);
    visible[i] = block.visible + place + 1u;
    maximum[i] = -3.0e38;
    let start = (block.first_query + place) * Q_ROW + head * HEAD_DIM4;
    for (var d = 0u; d < depth; d++) {
      query[i * HEAD_DIM4 + d] = q[start + d] * params.scale;
    }
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
    for (var d = 0u; d < depth; d++) {
      let a = k[key0 + d];
      let b = k[key1 + d];
      let c = k[key2 + d];
      let e = k[key3 + d];
      for (var i = 0u; i < QUERIES; i++) {
        let r = query[i * HEAD_DIM4 + d];
        score[i] += vec4f(dot(r, a), dot(r, b), dot(r, c), dot(r, e));
      }
    }
    var shrink = array<f32, QUERIES>();
    for (var i = 0u; i < QUERIES; i++) {
      let at = vec4u(j, j + 1u, j + 2u, j + 3u);
      var seen = at < vec4u(visible[i]);
      if (WINDOWED) {
        seen &= at >= vec4u(first_in_window(visible[i], params.window));
      }
      var z = score[i];
      if (CAPPED) {
        z = softcap4(z, params.softcap);
      }
      let masked = select(vec4f(-3.0e38), z, seen);
      let top = max(max(max(masked.x, masked.y), max(masked.z, masked.w)), maximum[i]);
      let weight = select(vec4f(), exp4_accurate(masked - top), seen);
      shrink[i] = exp_accurate(maximum[i] - top);
      maximum[i] = top;
      total[i] = total[i] * shrink[i] + dot(weight, vec4f(1.0));
      score[i] = weight;
    }
    for (var d = 0u; d < depth; d++) {
      let a = v[key0 + d];
      let b = v[key1 + d];
      let c = v[key2 + d];
      let e = v[key3 + d];
      for (var i = 0u; i < QUERIES; i++) {
        let w = score[i];
        sum[i * HEAD_DIM4 + d] = sum[i * HEAD_DIM4 + d] * shrink[i] + w.x * a + w.y * b + w.z * c + w.w * e;
      }
    }
  }
  for (var i = 0u; i < QUERIES; i++) {
    let place = i * LANES + lane;
    if (place < block.count) {
      let row = block.first_query + place;
      let start = row * Q_ROW + head * HEAD_DIM4;
      for (var d = 0u; d < depth; d++) {
        out[start + d] = sum[i * HEAD_DIM4 + d] / total[i];
      }
      lse[row * HEADS + head] = maximum[i] + log_accurate(total[i]);
    }
  }
}
