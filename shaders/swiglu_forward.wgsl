// act[i] = silu(gate[i]) * up[i],  silu(z) = z / (1 + exp(-z))   (SwiGLU, arXiv 2002.05202)
// Shapes: all [elements], a multiple of 4; one vec4 an invocation.
// uses exp
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
  let z = gate[i];
  act[i] = z / (1.0 + exp4_accurate(-z)) * up[i];
}
