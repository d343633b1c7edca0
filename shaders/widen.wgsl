// out[i] = source[i] of whole rows, from row first_row on, in float32
// Shapes: source [.., 4 * row_vectors] in stored precision, out [vectors] of vec4. One vec4 an invocation.
// uses flat
// weights: binding 1
struct Params {
  vectors: u32,
  row_vectors: u32,
  first_row: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = flat_workgroup(group, groups) * 64u + lane;
  if (i < params.vectors) {
    out[i] = weight4(params.first_row * params.row_vectors + i);
  }
}
