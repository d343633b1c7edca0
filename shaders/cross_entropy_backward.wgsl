// Turns a chunk of logits into the gradient of the loss, in place:
//   logits[r, c] = scale[r] * (exp(logits[r, c] - max[r]) / sum[r] - (1 if c is the target of r else 0))
// CAPPED, the probabilities are those of the capped logits, and the gradient, which is with respect to the raw ones, is
// multiplied by the slope of the cap, 1 - tanh(logit / cap)^2.
// Shapes: as cross_entropy_forward.wgsl, whose finished stats it reads; scale [rows]: what nll[r] counts in the loss.
// The padding up to the stride becomes zero. One vec4 an invocation.
// vary CAPPED     logits are capped: cap * tanh(logit / cap) stands for each
// uses exp
// uses softcap
// uses flat
struct Params {
  rows: u32,
  columns: u32,
  stride: u32,
  first_id: u32,
  cap: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> stats: array<vec4f>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> logits: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = flat_workgroup(group, groups) * 64u + lane;
  let stride4 = params.stride / 4u;
  let row = index / stride4;
  if (row >= params.rows) {
    return;
  }
  let column = (index % stride4) * 4u;
  let columns = vec4u(column, column + 1u, column + 2u, column + 3u);
  let s = stats[row];
  var z = logits[index];
  var slope = vec4f(1.0);
  if (CAPPED) {
    slope = softcap4_slope(z, params.cap);
    z = softcap4(z, params.cap);
  }
  var p = exp4_accurate(z - s.x) / s.y;
  p -= select(vec4f(), vec4f(1.0), columns == vec4u(targets[row] - params.first_id));
  logits[index] = select(vec4f(), p * scale[row] * slope, columns < vec4u(params.columns));
}
