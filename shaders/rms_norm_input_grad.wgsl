// dx[n, d] = r * w[d] * dy[n, d] - x[n, d] * r^3 / width * sum over e of w[e] * dy[n, e] * x[n, e]  (+ through[n, d])
// Shapes: x, dy, dx and through [rows, width], w [width], r = reciprocal [rows], as the forward left it.
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
@group(0) @binding(3) var<storage, read> reciprocal: array<f32>;
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
  for (var k = 0u; k < ROWS; k++) {
    start[k] = min(first + k, params.rows - 1u) * width4;
  }
  var products = array<vec4f, ROWS>();
  for (var i = lane; i < width4; i += TEAM) {
    let w = weight[i];
    for (var k = 0u; k < ROWS; k++) {
      products[k] += w * dy[start[k] + i] * x[start[k] + i];
    }
  }
  var r = array<f32, ROWS>();
  var pull = array<f32, ROWS>();
  for (var k = 0u; k < ROWS; k++) {
    r[k] = reciprocal[min(first + k, params.rows - 1u)];
    pull[k] = r[k] * r[k] * r[k] * sum_of_team(index, products[k]) / f32(params.width);
  }
  for (var i = lane; i < width4; i += TEAM) {
    let w = weight[i];
    for (var k = 0u; k < ROWS; k++) {
      let at = start[k] + i;
      var value = r[k] * w * dy[at] - x[at] * pull[k];
      if (HAS_THROUGH) {
        value += through[at];
      }
      if (first + k < params.rows) {
        dx[at] = value;
      }
    }
  }
}
