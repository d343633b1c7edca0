// attention_forward.wgsl for software adapters with subgroups of 8: a load there costs as much as a dozen multiply-adds, and a
// broadcast about one instruction, so that each load serves as many queries as there is room for (lib/attention_tile.wgsl).
// Operands and masks as there. One workgroup takes ROWS rows of a block, queries of all the heads that share a
// key/value head, and walks over their keys 8 * SETS at a time.
// Scores lie in lanes by keys, outputs by columns of the head.
// Shapes: q, out [query rows, HEADS * head_dim], k, v [key rows, KV_HEADS * head_dim], lse [query rows, HEADS].
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
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

var<private> query: Rows;
var<private> sum: Rows;
var<private> score: Pairs;
// Of the lane's row in each octet: running maximum and sum, and the keys that it sees.
var<private> maximum: array<f32, OCTETS>;
var<private> total: array<f32, OCTETS>;
var<private> visible: array<u32, OCTETS>;

// From scores of keys j … to weights relative to the running maximum, to which what there is so far is brought.
fn soften(octet: u32, j: u32, lane: u32) {
  if (CAPPED) {
    for (var t = 0u; t < SETS; t++) {
      for (var i = 0u; i < LANES; i++) {
        score[octet * LANES + i][t] = softcap(score[octet * LANES + i][t], params.softcap);
      }
    }
  }
  var tops = array<f32, LANES>();
  for (var i = 0u; i < LANES; i++) {
    let r = octet * LANES + i;
    let end = subgroupShuffle(visible[octet], i);
    // A masked score is further below any maximum than weights go, even below that of no key at all.
    var top = -3.0e38;
    for (var t = 0u; t < SETS; t++) {
      let at = j + t * LANES + lane;
      var seen = at < end;
      if (WINDOWED) {
        seen &= at >= first_in_window(end, params.window);
      }
      let z = select(-3.0e38, score[r][t], seen);
      score[r][t] = z;
      top = max(top, z);
    }
    tops[i] = top;
  }
  let before = maximum[octet];
  let now = max(lane_maxima(tops, lane), before);
  let shrink = exp_weight(before - now);
  maximum[octet] = now;
  for (var i = 0u; i < LANES; i++) {
    let r = octet * LANES + i;
    let top = subgroupShuffle(now, i);
    var all = 0.0;
    for (var t = 0u; t < SETS; t++) {
      let weight = exp_weight(score[r][t] - top);
      score[r][t] = weight;
      all += weight;
    }
    tops[i] = all;
  }
  total[octet] = total[octet] * shrink + lane_sums(tops, lane);
  for (var i = 0u; i < LANES; i++) {
    let factor = subgroupShuffle(shrink, i);
    for (var c = 0u; c < WIDTH; c++) {
      sum[octet * LANES + i][c] *= factor;
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
  for (var octet = 0u; octet < OCTETS; octet++) {
    // Rows beyond the end see what the last does, and are not written.
    let row = min(first + octet * LANES + lane, end - 1u);
    visible[octet] = block.visible + row / GROUP + 1u;
    maximum[octet] = -1.0e38;
  }
  // Bounds that only runtime knows keep these loops from being unrolled, which would take seconds to compile.
  let span = params.head_dim4 * SPAN / HEAD_DIM4;
  let width = params.head_dim4 * WIDTH / HEAD_DIM4;
  for (var row = first; row < end; row++) {
    let start = head_row(block.first_query, kv_head, row) * HEAD_DIM4;
    for (var c = 0u; c < width; c++) {
      query[row - first][c] = select(vec4f(), q[start + column(lane, c)] * params.scale, is_column(lane, c));
    }
  }
  let kv_start = block.first_key * K_ROW + kv_head * HEAD_DIM4;
  let last = block.visible + (end - 1u) / GROUP;
  let lowest = select(0u, first_in_window(block.visible + first / GROUP + 1u, params.window), WINDOWED);
  // From a multiple of OTHERS, as without a window, so that a query gets the same bits in whichever block it is (in decoding).
  for (var j = lowest / OTHERS * OTHERS; j <= last; j += OTHERS) {
    clear(&score);
    for (var d = 0u; d < span; d++) {
      var key = Slices();
      for (var t = 0u; t < SETS; t++) {
        let start = kv_start + clamp(j + t * LANES + lane, lowest, last) * K_ROW;
        for (var c = 0u; c < WIDTH; c++) {
          key[c][t] = k[start + column(d, c)];
        }
      }
      add_products(&score, &query, 0u, key, d);
      if (OCTETS > 1u) {
        add_products(&score, &query, 1u, key, d);
      }
      if (OCTETS > 2u) {
        add_products(&score, &query, 2u, key, d);
      }
    }
    soften(0u, j, lane);
    if (OCTETS > 1u) {
      soften(1u, j, lane);
    }
    if (OCTETS > 2u) {
      soften(2u, j, lane);
    }
    for (var d = 0u; d < span; d++) {
      let from_lane = d * SPLIT + lane / SPAN;
      var value = Slices();
      for (var t = 0u; t < SETS; t++) {
        let start = kv_start + clamp(j + t * LANES + from_lane, lowest, last) * K_ROW;
        for (var c = 0u; c < WIDTH; c++) {
          value[c][t] = v[start + column(lane, c)];
        }
      }
      add_weighted(&sum, &score, 0u, value, from_lane);
      if (OCTETS > 1u) {
        add_weighted(&sum, &score, 1u, value, from_lane);
      }
      if (OCTETS > 2u) {
        add_weighted(&sum, &score, 2u, value, from_lane);
      }
    }
  }
  for (var octet = 0u; octet < OCTETS; octet++) {
    let row = first + octet * LANES + lane;
    if (row < end) {
      lse[head_row(block.first_query, kv_head, row)] = maximum[octet] + log_accurate(total[octet]);
    }
  }
  for (var row = first; row < end; row++) {
    let r = row - first;
    let start = head_row(block.first_query, kv_head, row) * HEAD_DIM4;
    let all = subgroupShuffle(total[r / LANES], r % LANES);
    for (var c = 0u; c < width; c++) {
      let x = over_parts(sum[r][c]) / all;
      if (lane < SPAN && is_column(lane, c)) {
        out[start + column(lane, c)] = x;
      }
    }
  }
}
