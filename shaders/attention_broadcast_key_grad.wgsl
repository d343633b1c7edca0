// attention_key_grad.wgsl for software adapters with subgroups of 8: one workgroup holds ROWS keys of a block, and walks over
// the queries of all the heads that share them, 8 * SETS at a time (lib/attention_tile.wgsl).
// Operands and masks as in attention_key_grad.wgsl; runs after the query gradient, which leaves delta.
// Shapes: q, dout [rows, HEADS * head_dim], k, v, dk, dv [rows, KV_HEADS * head_dim], lse, delta [rows, HEADS].
// vary HEAD_DIM4  head_dim / 4
// vary HEADS      query heads
// vary KV_HEADS   key/value heads
// vary ROWS       keys of a workgroup: 8 or 16
// vary SETS       queries and heads that a lane scores at a time
// vary WINDOWED   sliding window: a query sees the last `window` keys of those up to its own
// vary CAPPED     scores are capped, softcap * tanh(score / softcap)
// enable subgroups
// uses exp
// uses softcap
// uses block
// uses attention_tile
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

var<private> key: Rows;
var<private> value: Rows;
var<private> key_sum: Rows;
var<private> value_sum: Rows;
var<private> score: Pairs;
var<private> up: Pairs; // dout . v

// The lane's own query: its row, or none, and what the query gradient has of it.
struct Query {
  exists: bool,
  row: u32,
  log_sum: f32,
  pull: f32,
}

// From the scores of the lane's query to its probabilities and the gradients with respect to the scores.
fn differentiate(octet: u32, t: u32, first_key: u32, query: Query) {
  for (var i = 0u; i < LANES; i++) {
    let r = octet * LANES + i;
    var seen = query.exists & (query.row >= first_key + r);
    if (WINDOWED) {
      seen &= query.row < first_key + r + params.window;
    }
    var z = score[r][t];
    var slope = 1.0;
    if (CAPPED) {
      slope = softcap_slope(z, params.softcap);
      z = softcap(z, params.softcap);
    }
    let p = select(0.0, exp_weight(z - query.log_sum), seen);
    score[r][t] = p;
    up[r][t] = p * (up[r][t] - query.pull) * slope;
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let block = part_of(blocks[group.x], group.z, ROWS);
  if (block.count == 0u) {
    return;
  }
  let kv_head = group.y;
  let first = block.first_query;
  // Bounds that only runtime knows keep these loops from being unrolled, which would take seconds to compile.
  let span = params.head_dim4 * SPAN / HEAD_DIM4;
  let width = params.head_dim4 * WIDTH / HEAD_DIM4;
  for (var r = 0u; r < block.count; r++) {
    let start = (first + r) * K_ROW + kv_head * HEAD_DIM4;
    for (var c = 0u; c < width; c++) {
      key[r][c] = select(vec4f(), k[start + column(lane, c)] * params.scale, is_column(lane, c));
      value[r][c] = select(vec4f(), v[start + column(lane, c)], is_column(lane, c));
    }
  }
  // Queries before the first key see none; the last that sees any of these keys is window - 1 rows after the last of them.
  let reach = min(block.end, first + block.count - 1u + params.window);
  let count = (select(block.end, reach, WINDOWED) - first) * GROUP;
  for (var j = 0u; j < count; j += OTHERS) {
    clear(&score);
    clear(&up);
    for (var d = 0u; d < span; d++) {
      var query = Slices();
      var above = Slices();
      for (var t = 0u; t < SETS; t++) {
        let n = min(j + t * LANES + lane, count - 1u);
        let start = head_row(first, kv_head, n) * HEAD_DIM4;
        for (var c = 0u; c < WIDTH; c++) {
          query[c][t] = q[start + column(d, c)];
          above[c][t] = dout[start + column(d, c)];
        }
      }
      add_products(&score, &key, 0u, query, d);
      add_products(&up, &value, 0u, above, d);
      if (OCTETS > 1u) {
        add_products(&score, &key, 1u, query, d);
        add_products(&up, &value, 1u, above, d);
      }
    }
    for (var t = 0u; t < SETS; t++) {
      let n = j + t * LANES + lane;
      let safe = min(n, count - 1u);
      let at = head_row(first, kv_head, safe);
      let query = Query(n < count, first + safe / GROUP, lse[at], delta[at]);
      differentiate(0u, t, first, query);
      if (OCTETS > 1u) {
        differentiate(1u, t, first, query);
      }
    }
    for (var d = 0u; d < span; d++) {
      let from_lane = d * SPLIT + lane / SPAN;
      var query = Slices();
      var above = Slices();
      for (var t = 0u; t < SETS; t++) {
        let n = min(j + t * LANES + from_lane, count - 1u);
        let start = head_row(first, kv_head, n) * HEAD_DIM4;
        for (var c = 0u; c < WIDTH; c++) {
          query[c][t] = q[start + column(lane, c)];
          above[c][t] = dout[start + column(lane, c)];
        }
      }
      add_weighted(&value_sum, &score, 0u, above, from_lane);
      add_weighted(&key_sum, &up, 0u, query, from_lane);
      if (OCTETS > 1u) {
        add_weighted(&value_sum, &score, 1u, above, from_lane);
        add_weighted(&key_sum, &up, 1u, query, from_lane);
      }
    }
  }
  for (var r = 0u; r < block.count; r++) {
    let start = (first + r) * K_ROW + kv_head * HEAD_DIM4;
    for (var c = 0u; c < width; c++) {
      let x = over_parts(key_sum[r][c]) * params.scale;
      let y = over_parts(value_sum[r][c]);
      if (lane < SPAN && is_column(lane, c)) {
        dk[start + column(lane, c)] = x;
        dv[start + column(lane, c)] = y;
      }
    }
  }
}
