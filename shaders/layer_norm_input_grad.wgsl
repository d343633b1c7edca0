// dx[n, d] = r * (u[n, d] - mean over e of u[n, e] - h[n, d] * mean over e of u[n, e] * h[n, e])  (+ through[n, d]),
//   u[n, d] = w[d] * dy[n, d],  h[n, d] = (x[n, d] - m) * r
// Shapes: x, dy, dx and through [rows, width], w [width], stats [rows, 2] of (m, r), as the forward left it.
// `through` is the gradient that reaches x past the norm, over the residual connection.
// vary HAS_THROUGH  adds through
// vary TEAM         lanes of a row (lib/teams)
// vary ROWS         rows of a team
// uses flat
// uses teams
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
  var stat = array<vec2f, ROWS>(); // mean and reciprocal
  for (var k = 0u; k < ROWS; k++) {
    let row = min(first + k, params.rows - 1u);
    start[k] = row * width4;
    stat[k] = stats[row];
  }
  var sum = array<vec4f, ROWS>();
  var products = array<vec4f, ROWS>();
  for (var i = lane; i < width4; i += TEAM) {
    let w = weight[i];
    for (var k = 0u; k < ROWS; k++) {
      let u = w * dy[start[k] + i];
      sum[k] += u;
      products[k] += u * ((x[start[k] + i] - stat[k].x) * stat[k].y);
    }
  }
  var shift = array<f32, ROWS>();
  var pull = array<f32, ROWS>();
  for (var k = 0u; k < ROWS; k++) {
    shift[k] = sum_of_team(index, sum[k]) / f32(params.width);
    pull[k] = sum_of_team(index, products[k]) / f32(params.width);
  }
  for (var i = lane; i < width4; i += TEAM) {
    let w = weight[i];
    for (var k = 0u; k < ROWS; k++) {
      let at = start[k] + i;
      let h = (x[at] - stat[k].x) * stat[k].y;
      var value = stat[k].y * (w * dy[at] - shift[k] - h * pull[k]);
      if (HAS_THROUGH) {
        value += through[at];
      }
      if (first + k < params.rows) {
        dx[at] = value;
      }
    }
  }
}
