// y[n, d] = x[n, d] * r[n] * weight[d],  r[n] = 1 / sqrt(mean over d of x[n, d]^2 + epsilon)
// Shapes: x, y [rows, width], weight [width], reciprocal [rows]; width is a multiple of 4.
// The square root is written out as 1 / sqrt, since inverseSqrt is coarser on some adapters. Where the sum of squares
// overflows, r and y are NaN: the 0 that 1 / sqrt(infinity) gives would go on as if it were a value.
// vary TRANSPOSED  y is [width, rows rounded up to 4], the padding zero: for linear layers that read it so (TEAM 1, ROWS 4)
// vary TEAM        lanes of a row (lib/teams)
// vary ROWS        rows of a team, at most 4
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
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> reciprocal: array<f32>;

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
  let rows4 = (params.rows + 3u) / 4u;
  // Beyond the last row a team reads it again, and writes nothing.
  var start = array<u32, ROWS>();
  for (var k = 0u; k < ROWS; k++) {
    start[k] = min(first + k, params.rows - 1u) * width4;
  }
  var squares = array<vec4f, ROWS>();
  for (var i = lane; i < width4; i += TEAM) {
    for (var k = 0u; k < ROWS; k++) {
      let v = x[start[k] + i];
      squares[k] += v * v;
    }
  }
  var r = array<f32, ROWS>();
  for (var k = 0u; k < ROWS; k++) {
    r[k] = reciprocal_of(sum_of_team(index, squares[k]));
    if (lane == 0u && first + k < params.rows) {
      reciprocal[first + k] = r[k];
    }
  }
  for (var i = lane; i < width4; i += TEAM) {
    let w = weight[i];
    var value = array<vec4f, 4>();
    for (var k = 0u; k < ROWS; k++) {
      if (first + k < params.rows) {
        value[k] = x[start[k] + i] * r[k] * w;
        if (!TRANSPOSED) {
          y[start[k] + i] = value[k];
        }
      }
    }
    if (TRANSPOSED) {
      if (first < params.rows) {
        for (var c = 0u; c < 4u; c++) {
          y[(4u * i + c) * rows4 + first / 4u] = vec4f(value[0][c], value[1][c], value[2][c], value[3][c]);
        }
      }
    }
  }
}
