// Four consecutive weights of Q5_1 blocks, d * q + m: 6 words each, laid out as told in model/gguf/quantized-blocks.ts.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<u32>;

fn weight4(i: u32) -> vec4f {
  let block = (i / 8u) * 6u;
  let part = i % 8u;
  let scale = unpack2x16float(weights[block]);
  // Values 0 to 15 are the low halves of the bytes, 16 to 31 the high ones.
  let word = weights[block + 2u + part % 4u] >> (part / 4u * 4u);
  let low = (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u);
  let fifth = (vec4u(weights[block + 1u] >> (part * 4u)) >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u);
  return scale.x * vec4f(low | (fifth << vec4u(4u))) + scale.y;
}
