// plain[row, t, b] = sum over the pieces p of tensor t, in order, of partial[p, b].x;  corrected[row, t, b] the same of .y
// Shapes: starts [tensors + 1], the first piece of each tensor; partial [pieces, width]; plain, corrected [rows, tensors, width].
// An invocation sums one bucket.
// uses flat
struct Params {
  tensors: u32,
  width: u32,
  row: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> starts: array<u32>;
@group(0) @binding(2) var<storage, read> partial: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> plain: array<f32>;
@group(0) @binding(4) var<storage, read_write> corrected: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = flat_workgroup(group, groups) * 64u + lane;
  if (i >= params.tensors * params.width) {
    return;
  }
  let t = i / params.width;
  let bucket = i % params.width;
  var sum = vec2f();
  for (var p = starts[t]; p < starts[t + 1u]; p++) {
    sum += partial[p * params.width + bucket];
  }
  let at = params.row * params.tensors * params.width + i;
  plain[at] = sum.x;
  corrected[at] = sum.y;
}
