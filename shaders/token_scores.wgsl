// scores[n] = sum over d of query[d] * g[n, d] / |g[n]|, or 0 for a row of zeros
// Shapes: g [rows, width], query [width], scores [rows]; width is a multiple of 4. Rows are divided by their largest
// magnitude before they are squared, since gradients may be too small for their squares.
// One workgroup of 32 lanes a row.
// uses flat
struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read> query: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;

const LANES = 32u;
var<workgroup> lane_max: array<f32, LANES>;
var<workgroup> lane_square: array<f32, LANES>;
var<workgroup> lane_dot: array<f32, LANES>;

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
  var largest = vec4f();
  for (var i = lane; i < width4; i += LANES) {
    largest = max(largest, abs(g[start + i]));
  }
  lane_max[lane] = max(max(largest.x, largest.y), max(largest.z, largest.w));
  workgroupBarrier();
  var peak = 0.0;
  for (var i = 0u; i < LANES; i++) {
    peak = max(peak, lane_max[i]);
  }
  let unit = select(1.0, peak, peak > 0.0);
  var squares = vec4f();
  var products = vec4f();
  for (var i = lane; i < width4; i += LANES) {
    let v = g[start + i] / unit;
    squares += v * v;
    products += v * query[i];
  }
  lane_square[lane] = dot(squares, vec4f(1.0));
  lane_dot[lane] = dot(products, vec4f(1.0));
  workgroupBarrier();
  if (lane == 0u) {
    var square = 0.0;
    var product = 0.0;
    for (var i = 0u; i < LANES; i++) {
      square += lane_square[i];
      product += lane_dot[i];
    }
    // Not by the peak: of a row of NaN the maximum may be 0.
    scores[row] = select(product / sqrt(square), 0.0, square == 0.0);
  }
}
