// Operands and results of matrix products that stage their tiles in workgroup memory (matmul_staged.wgsl, matmul_subgroup.wgsl):
// out[r, c] (+)= sum over i of a(r, i) * b(i, c)  (+ bias[c]) (+ residual[r, c]).
// Shapes: a float32 [rows, a_stride], its columns from a_first on, or [inner, a_stride] where A_BY_INNER; b in stored precision
// from row b_row on, [columns, b_stride], or [inner, b_stride] where B_BY_INNER; out and residual with a row stride of
// out_stride, from element out_offset on. Strides and offsets are multiples of 4; beyond `inner`, a row-major a holds zeros up to
// one. `columns` need not be: zeros go to the padding of out.
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

// Four values along the second dimension of a, times A_SCALE, or zeros outside.
fn a_at(first: u32, second: u32) -> vec4f {
  let limit = select(params.rows, params.inner, A_BY_INNER);
  let width = select(params.inner, params.rows, A_BY_INNER);
  if (first >= limit || second >= width) {
    return vec4f();
  }
  return f32(A_SCALE) * a[(first * params.a_stride + params.a_first + second) / 4u];
}

fn b_at(first: u32, second: u32) -> vec4f {
  let limit = select(params.columns, params.inner, B_BY_INNER);
  let width = select(params.inner, params.columns, B_BY_INNER);
  if (first >= limit || second >= width) {
    return vec4f();
  }
  return weight4(((params.b_row + first) * params.b_stride + second) / 4u);
}

// Stores sums of four columns from `column` on, unless they are outside.
fn finish(row: u32, column: u32, sum: vec4f) {
  if (row >= params.rows || column >= params.columns) {
    return;
  }
  let at = (params.out_offset + row * params.out_stride + column) / 4u;
  var value = sum / f32(A_SCALE);
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
