// y[n, d] = (x[n, d] - m[n]) * r[n] * weight[d] + bias[d],
//   m[n] = mean over d of x[n, d],  r[n] = 1 / sqrt(mean over d of (x[n, d] - m[n])^2 + epsilon)   (arXiv 1607.06450)
// Shapes: x, y [rows, width], weight, bias [width], stats [rows, 2] of (m, r); width is a multiple of 4.
// One workgroup of 32 lanes a row, as the RMSNorm. The mean comes first and the variance in a second pass, since
// mean(x^2) - m^2 would cancel where the mean is large. Where a sum overflows, r and y are NaN: the 0 that
// 1 / sqrt(infinity) gives would go on as if it were a value.
// uses flat
// uses lanes
struct Params {
  rows: u32,
  width: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> stats: array<vec2f>;

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
  var sum = vec4f();
  for (var i = lane; i < width4; i += LANES) {
    sum += x[start + i];
  }
  let mean = sum_of_lanes(lane, sum) / f32(params.width);
  var squares = vec4f();
  for (var i = lane; i < width4; i += LANES) {
    let v = x[start + i] - mean;
    squares += v * v;
  }
  let total = sum_of_lanes(lane, squares);
  let bits = bitcast<u32>(total);
  let overflows = (bits & 0x7f800000u) == 0x7f800000u;
  let r = select(1.0 / sqrt(total / f32(params.width) + params.epsilon), bitcast<f32>(bits | 0x7fc00000u), overflows);
  for (var i = lane; i < width4; i += LANES) {
    y[start + i] = (x[start + i] - mean) * r * weight[i] + bias[i];
  }
  if (lane == 0u) {
    stats[row] = vec2f(mean, r);
  }
}
