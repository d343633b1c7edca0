// dw[o, k] += sum over n of dy[n, o] * x[n, k]
// Shapes: dy [rows, columns] with a row stride of `dy_stride` elements, x [rows, inner], dw [..., inner] float32, its
// row `w_row` being o = 0. inner and dy_stride are multiples of 4.
// Each invocation makes an 8 x 8 tile of dw as outer products of vec4 loads; lanes run along k. Sums are float32, in
// the order of n, and are added to what dw holds: batches accumulate.
struct Params {
  rows: u32,
  inner: u32,
  columns: u32,
  dy_stride: u32,
  w_row: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dw: array<vec4f>;

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let inner4 = params.inner / 4u;
  let stride4 = params.dy_stride / 4u;
  let k4 = id.x * 2u;
  let o = id.y * 8u;
  if (k4 >= inner4 || o >= params.columns) {
    return;
  }
  // A half tile at the right or lower edge repeats the last vec4 and is not written.
  let k4_next = min(k4 + 1u, inner4 - 1u);
  let o4 = o / 4u;
  let o4_next = min(o4 + 1u, stride4 - 1u);
  var low: array<vec4f, 8>;
  var high: array<vec4f, 8>;
  for (var n = 0u; n < params.rows; n++) {
    let a = x[n * inner4 + k4];
    let b = x[n * inner4 + k4_next];
    let d = dy[n * stride4 + o4];
    let e = dy[n * stride4 + o4_next];
    for (var i = 0u; i < 4u; i++) {
      low[i] += d[i] * a;
      high[i] += d[i] * b;
      low[i + 4u] += e[i] * a;
      high[i + 4u] += e[i] * b;
    }
  }
  for (var i = 0u; i < 8u; i++) {
    if (o + i < params.columns) {
      let at = (params.w_row + o + i) * inner4 + k4;
      dw[at] += low[i];
      if (k4 + 1u < inner4) {
        dw[at + 1u] += high[i];
      }
    }
  }
}
