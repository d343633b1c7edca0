// scores[n] = sum over d of query[d] * g[n, d] / |g[n]|, or 0 for a row of zeros
// Shapes: g [rows, width], query [width], scores [rows]; width is a multiple of 4. Rows are divided by their largest
// magnitude before they are squared, since gradients may be too small for their squares.
// One workgroup of 32 lanes a row.
// uses flat
// uses lanes
struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read> query: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;

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
  let peak = max_of_lanes(lane, largest);
  let unit = select(1.0, peak, peak > 0.0);
  var squares = vec4f();
  var products = vec4f();
  for (var i = lane; i < width4; i += LANES) {
    let v = g[start + i] / unit;
    squares += v * v;
    products += v * query[i];
  }
  let square = sum_of_lanes(lane, squares);
  let product = sum_of_lanes(lane, products);
  if (lane == 0u) {
    // Not by the peak: of a row of NaN the maximum may be 0.
    scores[row] = select(product / sqrt(square), 0.0, square == 0.0);
  }
}
