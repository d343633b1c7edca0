// clip[0] = norm = sqrt(sum of partial),  clip[1] = min(1, max_norm / (norm + 1e-6))   (torch.nn.utils.clip_grad_norm_)
// Shapes: partial [count], the sums of sum_squares.wgsl; clip [2]. One workgroup of 64 lanes.
struct Params {
  count: u32,
  max_norm: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> clip: array<f32>;

var<workgroup> lane_sum: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.count; i += 64u) {
    sum += partial[i];
  }
  lane_sum[lane] = sum;
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) {
      total += lane_sum[i];
    }
    let norm = sqrt(total);
    clip[0] = norm;
    clip[1] = min(1.0, params.max_norm / (norm + 1.0e-6));
  }
}
