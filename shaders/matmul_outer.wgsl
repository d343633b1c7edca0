// out[r, c] (+)= sum over i of a[i, r] * b[i, c]  (+ bias[c]) (+ residual[r, c])
// Shapes: a [inner, a_stride], b [.., b_stride] in stored precision, its row b_row being i = 0; out and residual with a row
// stride of out_stride elements, starting at element out_offset. Strides and out_offset are multiples of 4; `columns` need
// not be: the padding of b up to 4 goes to the padding of out.
// All three products of a linear layer have this form once their operands lie with the summed index first:
//   y = x wT:   a = xT, b = wT      dx = dy w:  a = dyT, b = w      dw = dyT x:  a = dy, b = x
// so that both are read along rows: neighbouring lanes read neighbouring vec4s, and 4 loads feed 64 multiply-adds. On
// llvmpipe this is 2 to 3 times as fast as dot products along rows, the transposes included (bench/, FEATURES.md).
// For any adapter, and the one whose loads are few where there is nothing but registers; on GPUs matmul_staged.wgsl, on software
// adapters with subgroups matmul_broadcast.wgsl is faster.
// Each invocation makes an 8 x 8 tile in registers as a sum of outer products. Sums are float32, in the order of i.
// vary ACCUMULATE    adds to what out holds
// vary HAS_BIAS      adds bias
// vary HAS_RESIDUAL  adds residual, whose layout is that of out
// weights: binding 2
struct Params {
  rows: u32,
  inner: u32,
  columns: u32,
  a_stride: u32,
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

fn finish(at: u32, column: u32, sum: vec4f) {
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

@compute @workgroup_size(8, 2)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * 8u;
  let column = id.x * 8u;
  if (row >= params.rows || column >= params.columns) {
    return;
  }
  let a_stride4 = params.a_stride / 4u;
  let b_stride4 = params.b_stride / 4u;
  // A half tile at the edge repeats the last vec4 and is not written.
  let a_left = row / 4u;
  let a_right = min(a_left + 1u, a_stride4 - 1u);
  let b_start = params.b_row * b_stride4;
  let b_left = b_start + column / 4u;
  let b_right = b_start + min(column / 4u + 1u, b_stride4 - 1u);
  var low: array<vec4f, 8>;
  var high: array<vec4f, 8>;
  for (var i = 0u; i < params.inner; i++) {
    let p = weight4(b_left + i * b_stride4);
    let q = weight4(b_right + i * b_stride4);
    let u = a[a_left + i * a_stride4];
    let v = a[a_right + i * a_stride4];
    for (var j = 0u; j < 4u; j++) {
      low[j] += u[j] * p;
      high[j] += u[j] * q;
      low[j + 4u] += v[j] * p;
      high[j + 4u] += v[j] * q;
    }
  }
  for (var j = 0u; j < 8u; j++) {
    if (row + j < params.rows) {
      let at = (params.out_offset + (row + j) * params.out_stride + column) / 4u;
      finish(at, column, low[j]);
      if (column + 4u < params.columns) {
        finish(at + 1u, column + 4u, high[j]);
      }
    }
  }
}
