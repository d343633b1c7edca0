// dx[n, d] = r * w[d] * dy[n, d] - x[n, d] * r^3 / width * sum over e of w[e] * dy[n, e] * x[n, e]  (+ through[n, d])
// Shapes: x, dy, dx and through [rows, width], w [width], r = reciprocal [rows], as the forward left it.
// `through` is the gradient that reaches x past the norm, over the residual connection.
// One workgroup of 32 lanes a row, as the forward.
// vary HAS_THROUGH  adds through
// uses flat
// uses lanes
struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> reciprocal: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;
@group(0) @binding(5) var<storage, read> through: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = flat_workgroup(group, groups);
  if (row >= params.rows) {
    return;
  }
  let width4 = params.width / 4u;
  let start = row * width4;
  var products = vec4f();
  for (var i = lane; i < width4; i += LANES) {
    products += weight[i] * dy[start + i] * x[start + i];
  }
  let total = sum_of_lanes(lane, products);
  let r = reciprocal[row];
  let pull = r * r * r * total / f32(params.width);
  for (var i = lane; i < width4; i += LANES) {
    var value = r * weight[i] * dy[start + i] - x[start + i] * pull;
    if (HAS_THROUGH) {
      value += through[start + i];
    }
    dx[start + i] = value;
  }
}
