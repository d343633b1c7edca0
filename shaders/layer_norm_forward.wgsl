// y[n, d] = (x[n, d] - m[n]) * r[n] * weight[d] + bias[d],
//   m[n] = mean over d of x[n, d],  r[n] = 1 / sqrt(mean over d of (x[n, d] - m[n])^2 + epsilon)   (arXiv 1607.06450)
// Shapes: x, y [rows, width], weight, bias [width], stats [rows, 2] of (m, r); width is a multiple of 4.
// The mean comes first and the variance in a second pass, since mean(x^2) - m^2 would cancel where the mean is large. Where
// a sum overflows, r and y are NaN: the 0 that 1 / sqrt(infinity) gives would go on as if it were a value.
// vary TEAM  lanes of a row (lib/teams)
// vary ROWS  rows of a team
// uses flat
// uses teams
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

fn reciprocal_of(total: f32) -> f32 {
  let bits = bitcast<u32>(total);
  let overflows = (bits & 0x7f800000u) == 0x7f800000u;
  return select(1.0 / sqrt(total / f32(params.width) + params.epsilon), bitcast<f32>(bits | 0x7fc00000u), overflows);
}

@compute @workgroup_size(GROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let first = first_row_of_team(flat_workgroup(group, groups), index);
  let lane = index % TEAM;
  let width4 = params.width / 4u;
  // Beyond the last row a team reads it again, and writes nothing.
  var start = array<u32, ROWS>();
  for (var k = 0u; k < ROWS; k++) {
    start[k] = min(first + k, params.rows - 1u) * width4;
  }
  var sum = array<vec4f, ROWS>();
  for (var i = lane; i < width4; i += TEAM) {
    for (var k = 0u; k < ROWS; k++) {
      sum[k] += x[start[k] + i];
    }
  }
  var mean = array<f32, ROWS>();
  for (var k = 0u; k < ROWS; k++) {
    mean[k] = sum_of_team(index, sum[k]) / f32(params.width);
  }
  var squares = array<vec4f, ROWS>();
  for (var i = lane; i < width4; i += TEAM) {
    for (var k = 0u; k < ROWS; k++) {
      let v = x[start[k] + i] - mean[k];
      squares[k] += v * v;
    }
  }
  var r = array<f32, ROWS>();
  for (var k = 0u; k < ROWS; k++) {
    r[k] = reciprocal_of(sum_of_team(index, squares[k]));
    if (lane == 0u && first + k < params.rows) {
      stats[first + k] = vec2f(mean[k], r[k]);
    }
  }
  for (var i = lane; i < width4; i += TEAM) {
    let w = weight[i];
    let b = bias[i];
    for (var k = 0u; k < ROWS; k++) {
      if (first + k < params.rows) {
        y[start[k] + i] = (x[start[k] + i] - mean[k]) * r[k] * w + b;
      }
    }
  }
}
