// out[n, :] = scale * table[ids[n], :] for ids within the part of the table that is bound; other rows are left alone
// Shapes: ids [rows], table [part_rows, width] in stored precision, from row `table_row` of its buffer: the rows first_id …
// first_id + part_rows - 1 of the vocabulary; out [rows, width]. One vec4 an invocation.
// uses flat
// weights: binding 2
struct Params {
  rows: u32,
  width: u32,
  first_id: u32,
  part_rows: u32,
  table_row: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
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
  if (row >= params.rows) {
    return;
  }
  let id = ids[row];
  if (id < params.first_id || id >= params.first_id + params.part_rows) {
    return;
  }
  let at = (id - params.first_id + params.table_row) * width4 + index % width4;
  out[index] = params.scale * weight4(at);
}
