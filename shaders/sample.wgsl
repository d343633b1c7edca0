// ids[r] = an id drawn from softmax(logits[r] / temperature), or the argmax (lowest id of equals) at temperature 0
// Drawn by inverse CDF: the first id at which the cumulative probability exceeds uniform[r], in the order of ids.
// Shapes: logits [rows, stride] of which `columns` are used, uniform [.., rows] in [0, 1), of which line `step` is used,
// ids [rows] for the next step's embedding, history [.., rows], whose line `step` keeps the same ids.
// Where the logits are not numbers the id is NO_ID, which no vocabulary has.
// One workgroup of 32 lanes a row; each lane takes a contiguous run of the vocabulary, so that the order is kept.
// vary CAPPED     logits are capped: cap * tanh(logit / cap) stands for each
// uses exp
// uses softcap
struct Params {
  rows: u32,
  columns: u32,
  stride: u32,
  temperature: f32,
  step: u32,
  cap: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> uniform_draws: array<f32>;
@group(0) @binding(3) var<storage, read_write> ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> history: array<u32>;

const LANES = 32u;
const NO_ID = 0xffffffffu;
var<workgroup> lane_max: array<f32, LANES>;
var<workgroup> lane_best: array<u32, LANES>;
var<workgroup> lane_sum: array<f32, LANES>;

// The logit that is drawn from; the argmax is the same without the cap.
fn capped(logit: f32) -> f32 {
  if (CAPPED) {
    return softcap(logit, params.cap);
  }
  return logit;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let start = row * params.stride;
  let run = (params.columns + LANES - 1u) / LANES;
  let first = min(lane * run, params.columns);
  let end = min(first + run, params.columns);
  var top = -3.0e38;
  var best = first;
  for (var i = first; i < end; i++) {
    let value = logits[start + i];
    if (is_nan(value)) {
      best = NO_ID;
      break;
    }
    if (value > top) {
      top = value;
      best = i;
    }
  }
  lane_max[lane] = top;
  lane_best[lane] = best;
  workgroupBarrier();
  top = lane_max[0];
  best = lane_best[0];
  for (var i = 1u; i < LANES; i++) {
    if (best != NO_ID && (lane_max[i] > top || lane_best[i] == NO_ID)) {
      top = lane_max[i];
      best = lane_best[i];
    }
  }
  var chosen = best;
  if (params.temperature > 0.0) {
    let highest = capped(top);
    var sum = 0.0;
    for (var i = first; i < end; i++) {
      sum += exp_accurate((capped(logits[start + i]) - highest) / params.temperature);
    }
    lane_sum[lane] = sum;
    workgroupBarrier();
    if (lane == 0u) {
      var total = 0.0;
      for (var i = 0u; i < LANES; i++) {
        total += lane_sum[i];
      }
      let goal = uniform_draws[params.step * params.rows + row] * total;
      var before = 0.0;
      var l = 0u;
      while (l + 1u < LANES && before + lane_sum[l] <= goal) {
        before += lane_sum[l];
        l++;
      }
      let stop = min((l + 1u) * run, params.columns);
      for (var i = l * run; i < stop && before <= goal; i++) {
        let weight = exp_accurate((capped(logits[start + i]) - highest) / params.temperature);
        before += weight;
        // Rounding can leave the goal above all sums: then the last id that has any probability.
        if (weight > 0.0) {
          chosen = i;
        }
      }
      if (best == NO_ID || is_nan(total)) {
        chosen = NO_ID;
      }
    }
  }
  if (lane == 0u) {
    ids[row] = chosen;
    history[params.step * params.rows + row] = chosen;
  }
}
