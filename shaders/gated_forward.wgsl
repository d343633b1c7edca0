// act[i] = f(gate[i]) * up[i],  f as ACTIVATION says: SwiGLU and GEGLU (arXiv 2002.05202)
// Shapes: all [elements], a multiple of 4; one vec4 an invocation.
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
@group(0) @binding(3) var<storage, read_write> act: array<vec4f>;

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
  act[i] = activate4(gate[i]) * up[i];
}
