// Four consecutive weights of Q4_0 blocks, d * (q - 8): pairs of 9 words, laid out as told in
// model/gguf/quantized-blocks.ts.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<u32>;

fn weight4(i: u32) -> vec4f {
  let pair = (i / 16u) * 9u;
  let half = (i / 8u) % 2u;
  let part = i % 8u;
  let d = unpack2x16float(weights[pair] >> (half * 16u)).x;
  // Values 0 to 15 are the low halves of the bytes, 16 to 31 the high ones.
  let word = weights[pair + 1u + half * 4u + part % 4u] >> (part / 4u * 4u);
  let q = (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u);
  return d * (vec4f(q) - 8.0);
}
