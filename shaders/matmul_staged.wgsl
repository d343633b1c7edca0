// out[r, c] (+)= sum over i of a(r, i) * b(i, c)  (+ bias[c]) (+ residual[r, c]), by tiles that a workgroup stages in its memory.
// For GPUs, whose workgroup memory is many times as fast as their buffers: every operand is read once in TILE rows or columns,
// and its way into workgroup memory turns it around where it lies the other way, so that nothing is transposed beforehand.
// (On a software adapter workgroup memory is no faster than any other, and barriers are dear: matmul_broadcast.wgsl.)
// Shapes: a float32 [rows, a_stride], its columns from a_first on, or [inner, a_stride] where A_BY_INNER; b in stored precision
// from row b_row on, [columns, b_stride], or [inner, b_stride] where B_BY_INNER; out and residual with a row stride of
// out_stride, from element out_offset on. Strides and offsets are multiples of 4; beyond `inner`, a row-major a holds zeros up to
// one. `columns` need not be: zeros go to the padding of out.
// TILE x TILE of out to a workgroup of (TILE / 8)^2 lanes, 8 x 8 to a lane, as four 4 x 4 tiles so that neighbouring lanes
// read neighbouring vec4s. Two buffers take turns: while one is computed with, the other is filled.
// Sums are float32, in the order of i; KEPT is how operands are kept in workgroup memory: vec4h halves its traffic and rounds.
// vary TILE          64 or 128
// vary KEPT          vec4f or vec4h
// vary A_BY_INNER    a lies with inner first
// vary B_BY_INNER    b lies with inner first
// vary ACCUMULATE    adds to what out holds
// vary HAS_BIAS      adds bias
// vary HAS_RESIDUAL  adds residual, whose layout is that of out
// weights: binding 2
struct Params {
  rows: u32,
  inner: u32,
  columns: u32,
  a_stride: u32,
  a_first: u32,
  b_stride: u32,
  b_row: u32,
  out_stride: u32,
  out_offset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;

const DEPTH = 16u; // of inner, staged at a time
const SIDE = TILE / 8u; // lanes along a side of the tile
const LANES = SIDE * SIDE;
const TILE4 = TILE / 4u;
const STAGE = DEPTH * TILE4; // vec4s of an operand in a buffer

var<workgroup> a_stage: array<KEPT, 2u * STAGE>; // [buffer, i, row / 4]
var<workgroup> b_stage: array<KEPT, 2u * STAGE>; // [buffer, i, column / 4]

// Four values along the second dimension of a, or zeros outside.
fn a_at(first: u32, second: u32) -> vec4f {
  let limit = select(params.rows, params.inner, A_BY_INNER);
  let width = select(params.inner, params.rows, A_BY_INNER);
  if (first >= limit || second >= width) {
    return vec4f();
  }
  return a[(first * params.a_stride + params.a_first + second) / 4u];
}

fn b_at(first: u32, second: u32) -> vec4f {
  let limit = select(params.columns, params.inner, B_BY_INNER);
  let width = select(params.inner, params.columns, B_BY_INNER);
  if (first >= limit || second >= width) {
    return vec4f();
  }
  return weight4(((params.b_row + first) * params.b_stride + second) / 4u);
}

// Block `e` of 4 x 4 of an operand: TILE4 blocks along its rows (or columns), DEPTH / 4 along inner.
fn stage(e: u32, buffer: u32, first_row: u32, first_column: u32, i: u32) {
  let of_b = e >= TILE;
  let block = e % TILE;
  let across = block % TILE4;
  let along = block / TILE4;
  let start = select(first_row, first_column, of_b) + 4u * across;
  let depth = i + 4u * along;
  var four = array<vec4f, 4>();
  for (var j = 0u; j < 4u; j++) {
    if (of_b) {
      four[j] = b_at(select(start, depth, B_BY_INNER) + j, select(depth, start, B_BY_INNER));
    } else {
      four[j] = a_at(select(start, depth, A_BY_INNER) + j, select(depth, start, A_BY_INNER));
    }
  }
  let straight = select(A_BY_INNER, B_BY_INNER, of_b);
  for (var j = 0u; j < 4u; j++) {
    let turned = vec4f(four[0][j], four[1][j], four[2][j], four[3][j]);
    let value = KEPT(select(turned, four[j], straight));
    let at = buffer * STAGE + (4u * along + j) * TILE4 + across;
    if (of_b) {
      b_stage[at] = value;
    } else {
      a_stage[at] = value;
    }
  }
}

fn finish(row: u32, column: u32, sum: vec4f) {
  if (row >= params.rows || column >= params.columns) {
    return;
  }
  let at = (params.out_offset + row * params.out_stride + column) / 4u;
  var value = sum;
  if (HAS_BIAS) {
    let last = params.columns - 1u;
    value += vec4f(
      bias[min(column, last)],
      bias[min(column + 1u, last)],
      bias[min(column + 2u, last)],
      bias[min(column + 3u, last)],
    );
  }
  if (HAS_RESIDUAL) {
    value += residual[at];
  }
  if (ACCUMULATE) {
    value += out[at];
  }
  out[at] = value;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_row = group.y * TILE;
  let first_column = group.x * TILE;
  let across = lane % SIDE;
  let down = lane / SIDE;
  // Sums of rows 4 * down … and TILE / 2 + 4 * down …, by columns 4 * across … (left) and TILE / 2 + 4 * across … (right).
  var left: array<vec4f, 8>;
  var right: array<vec4f, 8>;
  for (var e = lane; e < 2u * TILE; e += LANES) {
    stage(e, 0u, first_row, first_column, 0u);
  }
  var buffer = 0u;
  for (var i = 0u; i < params.inner; i += DEPTH) {
    workgroupBarrier();
    if (i + DEPTH < params.inner) {
      for (var e = lane; e < 2u * TILE; e += LANES) {
        stage(e, 1u - buffer, first_row, first_column, i + DEPTH);
      }
    }
    for (var k = 0u; k < DEPTH; k++) {
      let at = buffer * STAGE + k * TILE4;
      let u = vec4f(a_stage[at + down]);
      let v = vec4f(a_stage[at + SIDE + down]);
      let p = vec4f(b_stage[at + across]);
      let q = vec4f(b_stage[at + SIDE + across]);
      for (var j = 0u; j < 4u; j++) {
        left[j] += u[j] * p;
        right[j] += u[j] * q;
        left[j + 4u] += v[j] * p;
        right[j + 4u] += v[j] * q;
      }
    }
    buffer = 1u - buffer;
  }
  for (var j = 0u; j < 8u; j++) {
    let row = first_row + (j / 4u) * (TILE / 2u) + 4u * down + j % 4u;
    finish(row, first_column + 4u * across, left[j]);
    finish(row, first_column + TILE / 2u + 4u * across, right[j]);
  }
}
