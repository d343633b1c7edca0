// out[out_row + i, :] = source[indices[i], :], or zeros where indices[i] is 0xffffffff
// Shapes: source [.., width], indices [count], out [.., width]; width is a multiple of 4. One vec4 an invocation.
// Gathers rows, and scatters them too: with the inverse of a selection as indices, rows not selected become zero.
// uses flat
struct Params {
  count: u32,
  width: u32,
  out_row: u32,
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
  let from_row = indices[row];
  var value = vec4f();
  if (from_row != 0xffffffffu) {
    value = source[from_row * width4 + index % width4];
  }
  out[params.out_row * width4 + index] = value;
}
