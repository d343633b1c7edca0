// dgate[i] = dact[i] * up[i] * f'(gate[i]),  dup[i] = dact[i] * f(gate[i]),  f as ACTIVATION says
// Shapes: all [elements], a multiple of 4; one vec4 an invocation. dup takes the place of dact.
// vary ACTIVATION  which function f is: a constant of lib/activation
// uses exp
// uses erf
// uses activation
// uses flat
struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gate: array<vec4f>;
@group(0) @binding(2) var<storage, read> up: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dact_to_dup: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dgate: array<vec4f>;

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
  let d = dact_to_dup[i];
  let pulled = activation_pull4(gate[i], d, d * up[i]);
  dgate[i] = pulled.slope;
  dact_to_dup[i] = pulled.value;
}
