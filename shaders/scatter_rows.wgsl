// out[indices[i], :] = source[i, :]: appends new keys and values to their sequences' places in a cache
// Shapes: source [count, width], indices [count], distinct, out [.., width]; width is a multiple of 4. One vec4 an
// invocation.
// uses flat
struct Params {
  count: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = flat_workgroup(group, groups) * 64u + lane;
  let width4 = params.width / 4u;
  let row = index / width4;
  if (row >= params.count) {
    return;
  }
  out[indices[row] * width4 + index % width4] = source[index];
}
