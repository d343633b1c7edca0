// One step of AdamW (arXiv 1711.05101, as torch.optim.AdamW), gradient scaled by the clip factor:
//   p -= rate * decay * p;  g = factor * gradient
//   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
//   p -= rate * (m / correction1) / (sqrt(v / correction2) + epsilon)
// with complement_i = 1 - beta_i and correction_i = 1 - beta_i^step taken on the host, in float64.
// Shapes: all [elements], a multiple of 4; clip [2] as clip_factor.wgsl leaves it. One vec4 an invocation.
// uses flat
struct Params {
  vectors: u32,
  rate: f32,
  decay: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  complement1: f32,
  complement2: f32,
  correction1: f32,
  correction2: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read> clip: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> second: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = flat_workgroup(group, groups) * 64u + lane;
  if (i >= params.vectors) {
    return;
  }
  let g = gradient[i] * clip[1];
  let m = params.beta1 * first[i] + params.complement1 * g;
  let v = params.beta2 * second[i] + params.complement2 * g * g;
  first[i] = m;
  second[i] = v;
  let p = parameter[i] * (1.0 - params.rate * params.decay);
  parameter[i] = p - params.rate * (m / params.correction1) / (sqrt(v / params.correction2) + params.epsilon);
}
