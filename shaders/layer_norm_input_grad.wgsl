// dx[n, d] = r * (u[n, d] - mean over e of u[n, e] - h[n, d] * mean over e of u[n, e] * h[n, e])  (+ through[n, d]),
//   u[n, d] = w[d] * dy[n, d],  h[n, d] = (x[n, d] - m) * r
// Shapes: x, dy, dx and through [rows, width], w [width], stats [rows, 2] of (m, r), as the forward left it.
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
@group(0) @binding(3) var<storage, read> stats: array<vec2f>;
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
  let mean = stats[row].x;
  let r = stats[row].y;
  var sum = vec4f();
  var products = vec4f();
  for (var i = lane; i < width4; i += LANES) {
    let u = weight[i] * dy[start + i];
    sum += u;
    products += u * ((x[start + i] - mean) * r);
  }
  let shift = sum_of_lanes(lane, sum) / f32(params.width);
  let pull = sum_of_lanes(lane, products) / f32(params.width);
  for (var i = lane; i < width4; i += LANES) {
    let h = (x[start + i] - mean) * r;
    var value = r * (weight[i] * dy[start + i] - shift - h * pull);
    if (HAS_THROUGH) {
      value += through[start + i];
    }
    dx[start + i] = value;
  }
}
