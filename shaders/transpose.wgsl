// out[c, r] = source[first_row + r, first_column + c], for matmul_outer.wgsl, which reads along rows of both operands
// Shapes: source [.., stride] in stored precision, of which `rows` x `columns` are taken; out [columns, out_stride]
// float32, out_stride being rows rounded up to 4, its padding zero. stride and first_column are multiples of 4.
// Each invocation moves a 4 x 4 tile.
// weights: binding 1
struct Params {
  rows: u32,
  columns: u32,
  stride: u32,
  first_row: u32,
  first_column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;

fn source_row(row: u32, column: u32) -> vec4f {
  if (row >= params.rows) {
    return vec4f();
  }
  return weight4(((params.first_row + row) * params.stride + params.first_column + column) / 4u);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x * 4u;
  let row = id.y * 4u;
  if (column >= params.columns || row >= params.rows) {
    return;
  }
  let a = source_row(row, column);
  let b = source_row(row + 1u, column);
  let c = source_row(row + 2u, column);
  let d = source_row(row + 3u, column);
  let out_stride4 = (params.rows + 3u) / 4u;
  for (var i = 0u; i < 4u; i++) {
    if (column + i < params.columns) {
      out[(column + i) * out_stride4 + id.y] = vec4f(a[i], b[i], c[i], d[i]);
    }
  }
}
