// partial[piece, b] = sum over i = q k + r of the piece, (r + shift(q)) mod k = b, of sign(i) (g[i], adam[i])
//   with shift(q) = hash(q ^ shift_key) mod k, sign(i) from the top bit of hash(i ^ sign_key); exact: no shift, all signs +1
//   adam = (m' / correction1) / (sqrt(v' / correction2) + epsilon), m' = beta1 m + (1 - beta1) g, v' = beta2 v + (1 - beta2) g^2
// Shapes: gradient, first, second [elements]; partial [pieces of all tensors, width]. An invocation sums one bucket of a piece of
// 64 q's: neighbours read neighbours.
// uses flat
struct Params {
  elements: u32,
  width: u32,
  pieces: u32,
  first_piece: u32,
  sign_key: u32,
  shift_key: u32,
  exact: u32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  complement1: f32,
  complement2: f32,
  correction1: f32,
  correction2: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> first: array<f32>;
@group(0) @binding(3) var<storage, read> second: array<f32>;
@group(0) @binding(4) var<storage, read_write> partial: array<vec2f>;

// The integer hash "lowbias32" of Chris Wellons.
fn mix32(value: u32) -> u32 {
  var x = (value ^ (value >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let across = (params.width + 63u) / 64u;
  let tile = flat_workgroup(group, groups);
  let piece = tile / across;
  let bucket = (tile % across) * 64u + lane;
  if (piece >= params.pieces || bucket >= params.width) {
    return;
  }
  let keep = params.exact == 1u;
  var sum = vec2f();
  for (var j = 0u; j < 64u; j++) {
    let q = piece * 64u + j;
    let shift = select(mix32(q ^ params.shift_key) % params.width, 0u, keep);
    let r = select(bucket - shift, bucket + params.width - shift, bucket < shift);
    let i = q * params.width + r;
    if (q * params.width >= params.elements) {
      break;
    }
    if (i < params.elements) {
      let g = gradient[i];
      let m = params.beta1 * first[i] + params.complement1 * g;
      let v = params.beta2 * second[i] + params.complement2 * g * g;
      let adam = (m / params.correction1) / (sqrt(v / params.correction2) + params.epsilon);
      let minus = !keep && (mix32(i ^ params.sign_key) >> 31u) == 1u;
      sum += select(vec2f(g, adam), -vec2f(g, adam), minus);
    }
  }
  partial[(params.first_piece + piece) * params.width + bucket] = sum;
}
