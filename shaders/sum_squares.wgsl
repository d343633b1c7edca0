// partial[first_partial + w] = sum of x[i]^2 over the vec4s of workgroup w: the first half of a norm
// Shapes: x [elements], a multiple of 4; each workgroup of 64 lanes takes 1024 vec4s, 16 a lane.
// uses flat
struct Params {
  vectors: u32,
  first_partial: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

var<workgroup> lane_sum: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let piece = flat_workgroup(group, groups);
  var sum = vec4f();
  for (var j = 0u; j < 16u; j++) {
    let i = piece * 1024u + j * 64u + lane;
    if (i < params.vectors) {
      sum += x[i] * x[i];
    }
  }
  lane_sum[lane] = dot(sum, vec4f(1.0));
  workgroupBarrier();
  if (lane == 0u && piece * 1024u < params.vectors) {
    var total = 0.0;
    for (var j = 0u; j < 64u; j++) {
      total += lane_sum[j];
    }
    partial[params.first_partial + piece] = total;
  }
}
