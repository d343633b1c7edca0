// dgate[i] = dact[i] * up[i] * s * (1 + z (1 - s)),  dup[i] = dact[i] * z * s,  z = gate[i], s = sigmoid(z)
// Shapes: all [elements], a multiple of 4; one vec4 an invocation. dup takes the place of dact.
// uses exp
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
  let z = gate[i];
  let s = 1.0 / (1.0 + exp4_accurate(-z));
  let d = dact_to_dup[i];
  dgate[i] = d * up[i] * s * (1.0 + z * (1.0 - s));
  dact_to_dup[i] = d * z * s;
}
