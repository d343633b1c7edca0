// out[r, c] (+)= sum over i of a(r, i) * b(i, c)  (+ bias[c]) (+ residual[r, c]), by a GPU's matrix units: the subgroups of a
// workgroup multiply small matrices of float16, staged in workgroup memory, into sums of float32.
// For GPUs that have them, where float16 is allowed: many times the multiply-adds that their lanes do one by one.
// Shapes: those of lib/staged_product.wgsl.
// TILE x TILE of out to a workgroup of TILE / 16 subgroups, 32 x TILE / 2 to a subgroup. Operands are staged as they lie, since a
// matrix can be loaded along rows or columns. Two buffers take turns: while one is computed with, the other is filled.
// Staged rows are eight values longer than what they hold, so that neighbouring rows lie in other banks.
// vary TILE          64 or 128
// vary DEPTH         of inner, staged at a time; a multiple of K
// vary M             rows of a left matrix and of a sum; divides 32
// vary N             columns of a right matrix and of a sum; divides 32
// vary K             columns of a left matrix, rows of a right one
// vary SUBGROUP      lanes of a subgroup
// vary A_BY_INNER    a lies with inner first
// vary A_SCALE       a power of two, by which a is multiplied before it is rounded, and sums are divided
// vary B_BY_INNER    b lies with inner first
// vary ACCUMULATE    adds to what out holds
// vary HAS_BIAS      adds bias
// vary HAS_RESIDUAL  adds residual, whose layout is that of out
// enable f16
// enable subgroups
// enable chromium_experimental_subgroup_matrix
// weights: binding 2
// uses staged_product
const SUBGROUPS = TILE / 16u;
const LANES = SUBGROUPS * SUBGROUP;
const HEIGHT = 32u; // rows of out to a subgroup
const DOWN = HEIGHT / M; // its sums, one below the other
const ACROSS = TILE / 2u / N;

// What is staged of an operand, in vec4s: DEPTH values of each of TILE rows, or TILE of each of DEPTH.
const A_WIDTH = select(DEPTH, TILE, A_BY_INNER) / 4u;
const B_WIDTH = select(DEPTH, TILE, B_BY_INNER) / 4u;
const A_STRIDE = A_WIDTH + 2u;
const B_STRIDE = B_WIDTH + 2u;
const A_STAGE = A_STRIDE * select(TILE, DEPTH, A_BY_INNER);
const B_STAGE = B_STRIDE * select(TILE, DEPTH, B_BY_INNER);
const CHUNKS = TILE * DEPTH / 4u; // vec4s of an operand that are filled
const SUM4 = M * N / 4u; // vec4s of a sum

var<workgroup> a_stage: array<vec4h, 2u * A_STAGE>;
var<workgroup> b_stage: array<vec4h, 2u * B_STAGE>;
var<workgroup> sums: array<vec4f, SUBGROUPS * SUM4>;

fn fill(lane: u32, buffer: u32, first_row: u32, first_column: u32, i: u32) {
  let a_first = select(vec2u(first_row, i), vec2u(i, first_row), A_BY_INNER);
  let b_first = select(vec2u(first_column, i), vec2u(i, first_column), B_BY_INNER);
  for (var e = lane; e < CHUNKS; e += LANES) {
    let a_place = vec2u(e / A_WIDTH, e % A_WIDTH);
    let b_place = vec2u(e / B_WIDTH, e % B_WIDTH);
    a_stage[buffer * A_STAGE + a_place.x * A_STRIDE + a_place.y] =
      vec4h(a_at(a_first.x + a_place.x, a_first.y + 4u * a_place.y));
    b_stage[buffer * B_STAGE + b_place.x * B_STRIDE + b_place.y] =
      vec4h(b_at(b_first.x + b_place.x, b_first.y + 4u * b_place.y));
  }
}

// Offsets and strides of matrices in workgroup memory count its elements, which are vec4s.
fn left_at(buffer: u32, row: u32, k: u32) -> subgroup_matrix_left<f16, K, M> {
  let start = buffer * A_STAGE;
  if (A_BY_INNER) {
    return subgroupMatrixLoad<subgroup_matrix_left<f16, K, M>, col_major>(&a_stage, start + k * A_STRIDE + row / 4u, A_STRIDE);
  }
  return subgroupMatrixLoad<subgroup_matrix_left<f16, K, M>, row_major>(&a_stage, start + row * A_STRIDE + k / 4u, A_STRIDE);
}

fn right_at(buffer: u32, column: u32, k: u32) -> subgroup_matrix_right<f16, N, K> {
  let start = buffer * B_STAGE;
  if (B_BY_INNER) {
    return subgroupMatrixLoad<subgroup_matrix_right<f16, N, K>, row_major>(&b_stage, start + k * B_STRIDE + column / 4u, B_STRIDE);
  }
  return subgroupMatrixLoad<subgroup_matrix_right<f16, N, K>, col_major>(&b_stage, start + column * B_STRIDE + k / 4u, B_STRIDE);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) place: u32,
) {
  let first_row = group.y * TILE;
  let first_column = group.x * TILE;
  let row = (subgroup / 2u) * HEIGHT;
  let column = (subgroup % 2u) * (TILE / 2u);
  var sum: array<subgroup_matrix_result<f32, N, M>, DOWN * ACROSS>;
  fill(lane, 0u, first_row, first_column, 0u);
  var buffer = 0u;
  for (var i = 0u; i < params.inner; i += DEPTH) {
    workgroupBarrier();
    if (i + DEPTH < params.inner) {
      fill(lane, 1u - buffer, first_row, first_column, i + DEPTH);
    }
    for (var k = 0u; k < DEPTH; k += K) {
      var left: array<subgroup_matrix_left<f16, K, M>, DOWN>;
      for (var d = 0u; d < DOWN; d++) {
        left[d] = left_at(buffer, row + d * M, k);
      }
      for (var c = 0u; c < ACROSS; c++) {
        let right = right_at(buffer, column + c * N, k);
        for (var d = 0u; d < DOWN; d++) {
          sum[c * DOWN + d] = subgroupMatrixMultiplyAccumulate(left[d], right, sum[c * DOWN + d]);
        }
      }
    }
    buffer = 1u - buffer;
  }
  // How a sum is spread over the lanes is the GPU's affair: it goes through workgroup memory.
  for (var c = 0u; c < ACROSS; c++) {
    for (var d = 0u; d < DOWN; d++) {
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&sums, subgroup * SUM4, sum[c * DOWN + d], N / 4u);
      workgroupBarrier();
      for (var e = place; e < SUM4; e += SUBGROUP) {
        let r = first_row + row + d * M + e / (N / 4u);
        finish(r, first_column + column + c * N + 4u * (e % (N / 4u)), sums[subgroup * SUM4 + e]);
      }
    }
  }
}
