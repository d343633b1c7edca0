// dw[d] += sum over n of dy[n, d] * x[n, d] * reciprocal[n]
// Shapes: x, dy [rows, width], reciprocal [rows], dw [width]. Each invocation sums one vec4, in the order of n.
struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> reciprocal: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dw: array<vec4f>;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let width4 = params.width / 4u;
  if (id.x >= width4) {
    return;
  }
  var sum = vec4f();
  for (var n = 0u; n < params.rows; n++) {
    sum += dy[n * width4 + id.x] * x[n * width4 + id.x] * reciprocal[n];
  }
  dw[id.x] += sum;
}
