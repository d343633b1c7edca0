// Folds one chunk of the vocabulary into each row's running softmax statistics (online softmax, arXiv 1805.02867):
//   stats[r] = (max, sum of exp(logit - max), logit of the target, unused)
// so that nll[r] = max + log(sum) - target when all chunks were folded; the host takes the logarithm, in float64.
// Shapes: logits [rows, stride] of which `columns` are used, the vocabulary's ids first_id … first_id + columns - 1;
// targets [rows]; stats [rows] vec4, (-3e38, 0, 0, 0) before the first chunk. stride is a multiple of 4.
// One workgroup of 32 lanes a row; a lane takes every 32nd vec4.
// vary CAPPED     logits are capped: cap * tanh(logit / cap) stands for each
// uses exp
// uses softcap
// uses flat
// uses lanes
struct Params {
  rows: u32,
  columns: u32,
  stride: u32,
  first_id: u32,
  cap: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec4f>;

const LOWEST = -3.0e38;

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
  let start = row * params.stride / 4u;
  let vectors = (params.columns + 3u) / 4u;
  var top = vec4f(LOWEST);
  for (var i = lane; i < vectors; i += LANES) {
    let used = vec4u(i * 4u, i * 4u + 1u, i * 4u + 2u, i * 4u + 3u) < vec4u(params.columns);
    top = max(top, select(vec4f(LOWEST), logits[start + i], used));
  }
  let before = stats[row];
  var own_top = max_of_lanes(lane, top);
  if (CAPPED) {
    own_top = softcap(own_top, params.cap); // the cap keeps the order
  }
  let maximum = max(before.x, own_top);
  var sum = vec4f();
  for (var i = lane; i < vectors; i += LANES) {
    let used = vec4u(i * 4u, i * 4u + 1u, i * 4u + 2u, i * 4u + 3u) < vec4u(params.columns);
    var z = logits[start + i];
    if (CAPPED) {
      z = softcap4(z, params.cap);
    }
    sum += select(vec4f(), exp4_accurate(z - maximum), used);
  }
  let own = sum_of_lanes(lane, sum);
  if (lane == 0u) {
    let total = before.y * exp_accurate(before.x - maximum) + own;
    var goal = before.z;
    // Unsigned: an id below first_id wraps to a large one.
    let target_column = targets[row] - params.first_id;
    if (target_column < params.columns) {
      goal = logits[start + target_column / 4u][target_column % 4u];
      if (CAPPED) {
        goal = softcap(goal, params.cap);
      }
    }
    stats[row] = vec4f(maximum, total, goal, 0.0);
  }
}
