// Four consecutive weights of Q5_0 blocks, d * (q - 16): pairs of 11 words, laid out as told in
// model/gguf/quantized-blocks.ts.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<u32>;

fn weight4(i: u32) -> vec4f {
  let pair = (i / 16u) * 11u;
  let half = (i / 8u) % 2u;
  let part = i % 8u;
  let d = unpack2x16float(weights[pair] >> (half * 16u)).x;
  let block = pair + 1u + half * 5u;
  // Values 0 to 15 are the low halves of the bytes, 16 to 31 the high ones.
  let word = weights[block + 1u + part % 4u] >> (part / 4u * 4u);
  let low = (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u);
  let fifth = (vec4u(weights[block] >> (part * 4u)) >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u);
  return d * (vec4f(low | (fifth << vec4u(4u))) - 16.0);
}
