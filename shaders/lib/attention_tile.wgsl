// What the attention kernels by subgroup broadcasts share (attention_broadcast_*.wgsl), one workgroup being one subgroup of 8.
// A workgroup holds ROWS rows (queries of the heads of one group, or keys) and walks over the others, 8 * SETS at a time.
// - Of a row the lanes hold a slice each: lane l its vec4s l, l + SPAN, … of WIDTH. Products of rows and others: each lane
//   loads others of its own, and hears the slices of every row from the lanes in turn.
// - Sums over others lie in slices too: each lane loads its slice of an other, and hears what that one weighs for every row.
// So a load serves all rows. Where head_dim is less than 32, lanes beyond SPAN take other others: SPLIT parts of a sum.
// Rows are constants in every place, eight at a time (an octet): a row that only runtime knows is gathered lane by lane.
// Needs HEAD_DIM4, HEADS, KV_HEADS, ROWS and SETS, lib/exp.wgsl and lib/block.wgsl.
const GROUP = HEADS / KV_HEADS;
const K_ROW = KV_HEADS * HEAD_DIM4;
const OCTETS = ROWS / LANES;
const OTHERS = SETS * LANES;
const SPAN = select(select(select(8u, 4u, HEAD_DIM4 <= 4u), 2u, HEAD_DIM4 <= 2u), 1u, HEAD_DIM4 == 1u);
const WIDTH = (HEAD_DIM4 + SPAN - 1u) / SPAN;
const SPLIT = LANES / SPAN;

// A slice of every row.
alias Rows = array<array<vec4f, WIDTH>, ROWS>;
// A number for every row and the lane's own others.
alias Pairs = array<array<f32, SETS>, ROWS>;
// Slices of the lane's own others.
alias Slices = array<array<vec4f, SETS>, WIDTH>;

// The vec4 of a row that is the c-th of a lane's slice; beyond the row's end its last.
fn column(lane: u32, c: u32) -> u32 {
  return min(c * SPAN + lane % SPAN, HEAD_DIM4 - 1u);
}

fn is_column(lane: u32, c: u32) -> bool {
  return HEAD_DIM4 == WIDTH * SPAN || c * SPAN + lane % SPAN < HEAD_DIM4;
}

// Row n of a block's queries is query n / GROUP of head n % GROUP; this counts rows of q by query and head.
fn head_row(first_query: u32, kv_head: u32, n: u32) -> u32 {
  return (first_query + n / GROUP) * HEADS + kv_head * GROUP + n % GROUP;
}

// exp_accurate for x up to 88, as softmax weights are: one factor is enough.
fn exp_weight(x: f32) -> f32 {
  let clamped = clamp(x, -87.0, 88.0);
  let n = round(clamped * 1.44269504);
  let r = (clamped - n * 0.693145752) - n * 1.42860677e-6;
  var p = 1.98412698e-4;
  p = fma(p, r, 1.38888889e-3);
  p = fma(p, r, 8.33333333e-3);
  p = fma(p, r, 4.16666667e-2);
  p = fma(p, r, 1.66666667e-1);
  p = fma(p, r, 0.5);
  p = fma(p, r, 1.0);
  p = fma(p, r, 1.0);
  // 1.5 * 2^23 leaves the whole number n in the lowest bits.
  let value = p * bitcast<f32>((bitcast<u32>(n + 12582912.0) << 23u) + 0x3f800000u);
  return select(select(value, 0.0, x < -87.0), x, is_nan(x));
}

// Lane r gets the largest of all lanes' x[r]: halves are exchanged, seven exchanges for all eight.
fn lane_maxima(x: array<f32, LANES>, lane: u32) -> f32 {
  let high = vec3<bool>((lane & 4u) != 0u, (lane & 2u) != 0u, (lane & 1u) != 0u);
  let a = fold_max(x[0], x[4], high.x, 4u);
  let b = fold_max(x[1], x[5], high.x, 4u);
  let c = fold_max(x[2], x[6], high.x, 4u);
  let d = fold_max(x[3], x[7], high.x, 4u);
  return fold_max(fold_max(a, c, high.y, 2u), fold_max(b, d, high.y, 2u), high.z, 1u);
}

fn fold_max(a: f32, b: f32, high: bool, step: u32) -> f32 {
  return max(select(a, b, high), subgroupShuffleXor(select(b, a, high), step));
}

// Lane r gets the sum of all lanes' x[r].
fn lane_sums(x: array<f32, LANES>, lane: u32) -> f32 {
  let high = vec3<bool>((lane & 4u) != 0u, (lane & 2u) != 0u, (lane & 1u) != 0u);
  let a = fold_sum(x[0], x[4], high.x, 4u);
  let b = fold_sum(x[1], x[5], high.x, 4u);
  let c = fold_sum(x[2], x[6], high.x, 4u);
  let d = fold_sum(x[3], x[7], high.x, 4u);
  return fold_sum(fold_sum(a, c, high.y, 2u), fold_sum(b, d, high.y, 2u), high.z, 1u);
}

fn fold_sum(a: f32, b: f32, high: bool, step: u32) -> f32 {
  return select(a, b, high) + subgroupShuffleXor(select(b, a, high), step);
}

fn clear(pairs: ptr<private, Pairs>) {
  for (var r = 0u; r < ROWS; r++) {
    for (var t = 0u; t < SETS; t++) {
      (*pairs)[r][t] = 0.0;
    }
  }
}

// Adds the part of the scalar products that the slices of one lane have: `theirs` are those slices of the lane's own others.
fn add_products(into: ptr<private, Pairs>, rows: ptr<private, Rows>, octet: u32, theirs: Slices, from_lane: u32) {
  for (var i = 0u; i < LANES; i++) {
    let r = octet * LANES + i;
    for (var t = 0u; t < SETS; t++) {
      var part = 0.0;
      for (var c = 0u; c < WIDTH; c++) {
        part += dot(subgroupShuffle((*rows)[r][c], from_lane), theirs[c][t]);
      }
      (*into)[r][t] += part;
    }
  }
}

// Adds the others of one lane (or of SPLIT lanes) by what they weigh for each row: `theirs` are the lane's own slices of them.
fn add_weighted(into: ptr<private, Rows>, weights: ptr<private, Pairs>, octet: u32, theirs: Slices, from_lane: u32) {
  for (var i = 0u; i < LANES; i++) {
    let r = octet * LANES + i;
    for (var c = 0u; c < WIDTH; c++) {
      var part = vec4f();
      for (var t = 0u; t < SETS; t++) {
        part += subgroupShuffle((*weights)[r][t], from_lane) * theirs[c][t];
      }
      (*into)[r][c] += part;
    }
  }
}

// The sum of the SPLIT parts.
fn over_parts(x: vec4f) -> vec4f {
  var y = x;
  if (SPAN < 8u) {
    y += subgroupShuffleXor(y, 4u);
  }
  if (SPAN < 4u) {
    y += subgroupShuffleXor(y, 2u);
  }
  if (SPAN < 2u) {
    y += subgroupShuffleXor(y, 1u);
  }
  return y;
}
