// out[i] (+)= keeps(i) ? x[i] * factor : 0: dropout, its backward, and, where all is kept, a scaling
// Shapes: x and out [elements], a multiple of 4; one vec4 an invocation.
// Whether an element is kept follows from a hash of seed, stream and the element's number alone, so that the backward drops
// what the forward dropped and no mask is stored: kept where the hash is at least `threshold`.
// vary ACCUMULATE    adds to what out holds
// uses flat
struct Params {
  vectors: u32,
  threshold: u32,
  seed: u32,
  stream: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;

// "lowbias32" (Wellons, hash-prospector)
fn mix4(word: vec4u) -> vec4u {
  var bits = word;
  bits ^= bits >> vec4u(16u);
  bits *= 0x7feb352du;
  bits ^= bits >> vec4u(15u);
  bits *= 0x846ca68bu;
  bits ^= bits >> vec4u(16u);
  return bits;
}

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
  let salt = mix4(mix4(vec4u(params.seed)) + params.stream);
  let hash = mix4(mix4(vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u)) ^ salt);
  var value = select(vec4f(), x[i] * params.factor, hash >= vec4u(params.threshold));
  if (ACCUMULATE) {
    value += out[i];
  }
  out[i] = value;
}
