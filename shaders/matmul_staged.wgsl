// out[r, c] (+)= sum over i of a(r, i) * b(i, c)  (+ bias[c]) (+ residual[r, c]), by tiles that a workgroup stages in its memory.
// For GPUs, whose workgroup memory is many times as fast as their buffers: every operand is read once in TILE rows or columns,
// and its way into workgroup memory turns it around where it lies the other way, so that nothing is transposed beforehand.
// (On a software adapter workgroup memory is no faster than any other, and barriers are dear: matmul_broadcast.wgsl.)
// Shapes: those of lib/staged_product.wgsl.
// TILE x TILE of out to a workgroup of (TILE / 8)^2 lanes, 8 x 8 to a lane, as four 4 x 4 tiles so that neighbouring lanes
// read neighbouring vec4s. Two buffers take turns: while one is computed with, the other is filled.
// Sums are float32, in the order of i; KEPT is how operands are kept in workgroup memory: vec4h halves its traffic and rounds.
// vary TILE          64 or 128
// vary KEPT          vec4f or vec4h
// vary A_BY_INNER    a lies with inner first
// vary A_SCALE       a power of two, by which a is multiplied before it is rounded, and sums are divided
// vary B_BY_INNER    b lies with inner first
// vary ACCUMULATE    adds to what out holds
// vary HAS_BIAS      adds bias
// vary HAS_RESIDUAL  adds residual, whose layout is that of out
// weights: binding 2
// uses staged_product
const DEPTH = 16u; // of inner, staged at a time
const SIDE = TILE / 8u; // lanes along a side of the tile
const LANES = SIDE * SIDE;
const TILE4 = TILE / 4u;
const STAGE = DEPTH * TILE4; // vec4s of an operand in a buffer

var<workgroup> a_stage: array<KEPT, 2u * STAGE>; // [buffer, i, row / 4]
var<workgroup> b_stage: array<KEPT, 2u * STAGE>; // [buffer, i, column / 4]

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
