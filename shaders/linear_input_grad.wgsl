// dx[n, k] (+)= sum over o of dy[n, o] * w[o, k]
// Shapes: dy [rows, columns] with a row stride of `dy_stride` elements, starting at element `dy_offset`; w [columns, inner]
// in stored precision, dx [rows, inner]. inner, dy_stride and dy_offset are multiples of 4; where columns is not, the
// padding of dy must be zero.
// For fewer than 16 rows, where no transpose or staging pays.
// Each invocation makes a TILE_ROWS x 4 tile of dx in registers; lanes run along k. Sums are float32, in the order of o.
// vary TILE_ROWS   rows of the register tile
// vary ACCUMULATE  adds to what dx holds
// weights: binding 2
struct Params {
  rows: u32,
  inner: u32,
  columns: u32,
  dy_stride: u32,
  dy_offset: u32,
  w_row: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column4 = id.x;
  let inner4 = params.inner / 4u;
  let row = id.y * TILE_ROWS;
  if (column4 >= inner4 || row >= params.rows) {
    return;
  }
  let last_row = params.rows - 1u;
  let last_column = params.columns - 1u;
  var dy_start: array<u32, TILE_ROWS>;
  var sum: array<vec4f, TILE_ROWS>;
  for (var i = 0u; i < TILE_ROWS; i++) {
    dy_start[i] = (params.dy_offset + min(row + i, last_row) * params.dy_stride) / 4u;
  }
  let o4_end = (params.columns + 3u) / 4u;
  for (var o4 = 0u; o4 < o4_end; o4++) {
    let o = o4 * 4u;
    let a = weight4((params.w_row + o) * inner4 + column4);
    let b = weight4((params.w_row + min(o + 1u, last_column)) * inner4 + column4);
    let c = weight4((params.w_row + min(o + 2u, last_column)) * inner4 + column4);
    let d = weight4((params.w_row + min(o + 3u, last_column)) * inner4 + column4);
    for (var i = 0u; i < TILE_ROWS; i++) {
      let v = dy[dy_start[i] + o4];
      sum[i] += v.x * a + v.y * b + v.z * c + v.w * d;
    }
  }
  for (var i = 0u; i < TILE_ROWS; i++) {
    if (row + i < params.rows) {
      let at = (row + i) * inner4 + column4;
      if (ACCUMULATE) {
        dx[at] += sum[i];
      } else {
        dx[at] = sum[i];
      }
    }
  }
}
