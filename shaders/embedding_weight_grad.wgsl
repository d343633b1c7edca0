// dtable[id, :] += sum of dout[n, :] over the rows n where ids[n] = id
// Shapes: dout [rows, width], dtable [vocabulary, width] float32. The host sorts rows by id: group g has id
// group_ids[g] and rows order[group_starts[g]] … order[group_starts[g + 1] - 1], so that the sum has a fixed order and
// needs no atomics. One vec4 of one id an invocation.
// uses flat
struct Params {
  groups: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> group_ids: array<u32>;
@group(0) @binding(2) var<storage, read> group_starts: array<u32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read> dout: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dtable: array<vec4f>;

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = flat_workgroup(group, groups) * 32u + lane;
  let width4 = params.width / 4u;
  let g = index / width4;
  if (g >= params.groups) {
    return;
  }
  let column = index % width4;
  var sum = vec4f();
  for (var i = group_starts[g]; i < group_starts[g + 1u]; i++) {
    sum += dout[order[i] * width4 + column];
  }
  dtable[group_ids[g] * width4 + column] += sum;
}
