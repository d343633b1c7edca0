// dx[i] = dact[i] * f'(x[i]),  f as ACTIVATION says
// Shapes: both [elements], a multiple of 4; one vec4 an invocation. dx takes the place of dact.
// vary ACTIVATION  which function f is: a constant of lib/activation
// uses exp
// uses erf
// uses activation
// uses flat
struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dact_to_dx: array<vec4f>;

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
  dact_to_dx[i] = activation_pull4(x[i], vec4f(), dact_to_dx[i]).slope;
}
