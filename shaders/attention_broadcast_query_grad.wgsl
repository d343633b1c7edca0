// attention_query_grad.wgsl for software adapters with subgroups of 8, tiled as attention_broadcast_forward.wgsl is.
// Operands and masks as in attention_query_grad.wgsl, and delta is kept for the key gradient as there.
// Shapes: q, out, dout, dq [query rows, HEADS * head_dim], k, v [key rows, KV_HEADS * head_dim], lse, delta [query rows, HEADS].
// vary HEAD_DIM4  head_dim / 4
// vary HEADS      query heads
// vary KV_HEADS   key/value heads
// vary ROWS       queries and heads of a workgroup: 8, 16 or 24
// vary SETS       keys that a lane scores at a time
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
@group(0) @binding(5) var<storage, read> out: array<vec4f>;
@group(0) @binding(6) var<storage, read> lse: array<f32>;
@group(0) @binding(7) var<storage, read> dout: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> delta: array<f32>;

var<private> query: Rows;
var<private> above: Rows; // dout
var<private> sum: Rows;
var<private> score: Pairs;
var<private> up: Pairs; // dout . v
// Of the lane's row in each octet; pull is delta, visible the keys that it sees.
var<private> log_sum: array<f32, OCTETS>;
var<private> pull: array<f32, OCTETS>;
var<private> visible: array<u32, OCTETS>;

// From scores of keys j … to the gradients with respect to them.
fn differentiate(octet: u32, j: u32, lane: u32) {
  for (var t = 0u; t < SETS; t++) {
    for (var i = 0u; i < LANES; i++) {
      let r = octet * LANES + i;
      let end = subgroupShuffle(visible[octet], i);
      let at = j + t * LANES + lane;
      var seen = at < end;
      if (WINDOWED) {
        seen &= at >= first_in_window(end, params.window);
      }
      var z = score[r][t];
      var slope = 1.0;
      if (CAPPED) {
        slope = softcap_slope(z, params.softcap);
        z = softcap(z, params.softcap);
      }
      let p = select(0.0, exp_weight(z - subgroupShuffle(log_sum[octet], i)), seen);
      score[r][t] = p * (up[r][t] - subgroupShuffle(pull[octet], i)) * slope;
    }
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let block = blocks[group.x];
  let kv_head = group.y;
  let first = group.z * ROWS;
  let end = min(block.count * GROUP, first + ROWS);
  if (first >= end) {
    return;
  }
  // Bounds that only runtime knows keep these loops from being unrolled, which would take seconds to compile.
  let span = params.head_dim4 * SPAN / HEAD_DIM4;
  let width = params.head_dim4 * WIDTH / HEAD_DIM4;
  for (var row = first; row < end; row++) {
    let r = row - first;
    let start = head_row(block.first_query, kv_head, row) * HEAD_DIM4;
    var products = 0.0;
    for (var c = 0u; c < width; c++) {
      let at = start + column(lane, c);
      let g = select(vec4f(), dout[at], is_column(lane, c));
      query[r][c] = select(vec4f(), q[at] * params.scale, is_column(lane, c));
      above[r][c] = g;
      products += dot(g, out[at]);
    }
    // Each slice is with SPLIT lanes.
    let all = subgroupAdd(products) / f32(SPLIT);
    if (lane == r % LANES) {
      pull[r / LANES] = all;
    }
  }
  for (var octet = 0u; octet < OCTETS; octet++) {
    // Rows beyond the end see what the last does, and are not written.
    let row = min(first + octet * LANES + lane, end - 1u);
    visible[octet] = block.visible + row / GROUP + 1u;
    log_sum[octet] = lse[head_row(block.first_query, kv_head, row)];
  }
  let kv_start = block.first_key * K_ROW + kv_head * HEAD_DIM4;
  let last = block.visible + (end - 1u) / GROUP;
  let lowest = select(0u, first_in_window(block.visible + first / GROUP + 1u, params.window), WINDOWED);
  // From a multiple of OTHERS, as without a window, so that a wide one gives the same bits.
  for (var j = lowest / OTHERS * OTHERS; j <= last; j += OTHERS) {
    clear(&score);
    clear(&up);
    for (var d = 0u; d < span; d++) {
      var key = Slices();
      var value = Slices();
      for (var t = 0u; t < SETS; t++) {
        let start = kv_start + clamp(j + t * LANES + lane, lowest, last) * K_ROW;
        for (var c = 0u; c < WIDTH; c++) {
          key[c][t] = k[start + column(d, c)];
          value[c][t] = v[start + column(d, c)];
        }
      }
      add_products(&score, &query, 0u, key, d);
      add_products(&up, &above, 0u, value, d);
      if (OCTETS > 1u) {
        add_products(&score, &query, 1u, key, d);
        add_products(&up, &above, 1u, value, d);
      }
      if (OCTETS > 2u) {
        add_products(&score, &query, 2u, key, d);
        add_products(&up, &above, 2u, value, d);
      }
    }
    differentiate(0u, j, lane);
    if (OCTETS > 1u) {
      differentiate(1u, j, lane);
    }
    if (OCTETS > 2u) {
      differentiate(2u, j, lane);
    }
    for (var d = 0u; d < span; d++) {
      let from_lane = d * SPLIT + lane / SPAN;
      var key = Slices();
      for (var t = 0u; t < SETS; t++) {
        let start = kv_start + clamp(j + t * LANES + from_lane, lowest, last) * K_ROW;
        for (var c = 0u; c < WIDTH; c++) {
          key[c][t] = k[start + column(lane, c)];
        }
      }
      add_weighted(&sum, &score, 0u, key, from_lane);
      if (OCTETS > 1u) {
        add_weighted(&sum, &score, 1u, key, from_lane);
      }
      if (OCTETS > 2u) {
        add_weighted(&sum, &score, 2u, key, from_lane);
      }
    }
  }
  for (var octet = 0u; octet < OCTETS; octet++) {
    let row = first + octet * LANES + lane;
    if (row < end) {
      delta[head_row(block.first_query, kv_head, row)] = pull[octet];
    }
  }
  for (var row = first; row < end; row++) {
    let start = head_row(block.first_query, kv_head, row) * HEAD_DIM4;
    for (var c = 0u; c < width; c++) {
      let x = over_parts(sum[row - first][c]) * params.scale;
      if (lane < SPAN && is_column(lane, c)) {
        dq[start + column(lane, c)] = x;
      }
    }
  }
}
