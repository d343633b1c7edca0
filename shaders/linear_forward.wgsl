// y[n, o] = sum over k of x[n, k] * w[o, k]  (+ bias[o]) (+ residual[n, o])
// Shapes: x [rows, inner], w [columns, inner] in stored precision, y and residual [rows, ...] with a row stride of
// `y_stride` elements, starting at element `y_offset`. inner, y_stride and y_offset are multiples of 4; columns need not
// be: columns beyond the last repeat it in y's padding (y_stride is at least columns rounded up to 4).
// For fewer than 16 rows (decoding), where no transpose or staging pays.
// Each invocation makes a TILE_ROWS x 4 tile of y in registers from vec4 loads of both operands along k. Lanes run
// along the columns. Sums are float32, in the order of k.
// vary TILE_ROWS     rows of the register tile: 8; less for few rows (decoding)
// vary HAS_BIAS      adds bias
// vary HAS_RESIDUAL  adds residual, whose layout is that of y
// weights: binding 2
struct Params {
  rows: u32,
  inner: u32,
  columns: u32,
  y_stride: u32,
  y_offset: u32,
  w_row: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x * 4u;
  let row = id.y * TILE_ROWS;
  if (column >= params.columns || row >= params.rows) {
    return;
  }
  let inner4 = params.inner / 4u;
  let last_row = params.rows - 1u;
  let last_column = params.columns - 1u;
  let w0 = (params.w_row + column) * inner4;
  let w1 = (params.w_row + min(column + 1u, last_column)) * inner4;
  let w2 = (params.w_row + min(column + 2u, last_column)) * inner4;
  let w3 = (params.w_row + min(column + 3u, last_column)) * inner4;
  var x_start: array<u32, TILE_ROWS>;
  var sum: array<vec4f, TILE_ROWS>;
  for (var i = 0u; i < TILE_ROWS; i++) {
    x_start[i] = min(row + i, last_row) * inner4;
  }
  for (var k = 0u; k < inner4; k++) {
    let a = weight4(w0 + k);
    let b = weight4(w1 + k);
    let c = weight4(w2 + k);
    let d = weight4(w3 + k);
    for (var i = 0u; i < TILE_ROWS; i++) {
      let v = x[x_start[i] + k];
      sum[i] += vec4f(dot(v, a), dot(v, b), dot(v, c), dot(v, d));
    }
  }
  var extra = vec4f();
  if (HAS_BIAS) {
    extra = vec4f(
      bias[column],
      bias[min(column + 1u, last_column)],
      bias[min(column + 2u, last_column)],
      bias[min(column + 3u, last_column)],
    );
  }
  for (var i = 0u; i < TILE_ROWS; i++) {
    if (row + i < params.rows) {
      let at = (params.y_offset + (row + i) * params.y_stride + column) / 4u;
      var value = sum[i] + extra;
      if (HAS_RESIDUAL) {
        value += residual[at];
      }
      y[at] = value;
    }
  }
}
