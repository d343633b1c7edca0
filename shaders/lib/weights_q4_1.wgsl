// Four consecutive weights of Q4_1 blocks, d * q + m: 5 words each, laid out as told in model/gguf/quantized-blocks.ts.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<u32>;

fn weight4(i: u32) -> vec4f {
  let block = (i / 8u) * 5u;
  let part = i % 8u;
  let scale = unpack2x16float(weights[block]);
  // Values 0 to 15 are the low halves of the bytes, 16 to 31 the high ones.
  let word = weights[block + 1u + part % 4u] >> (part / 4u * 4u);
  let q = (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u);
  return scale.x * vec4f(q) + scale.y;
}
