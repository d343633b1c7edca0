// out[o] += sum over n of dy[n, o]: the gradient of a bias
// Shapes: dy [rows, columns] with a row stride of `dy_stride` elements, a multiple of 4; out [columns rounded up to 4].
// Each invocation sums one vec4 of columns, in the order of n.
struct Params {
  rows: u32,
  columns: u32,
  dy_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x * 4u >= params.columns) {
    return;
  }
  var sum = vec4f();
  for (var n = 0u; n < params.rows; n++) {
    sum += dy[n * (params.dy_stride / 4u) + id.x];
  }
  out[id.x] += sum;
}
