// Four consecutive weights of Q8_0 blocks, d * q with q signed: pairs of 17 words, laid out as told in
// model/gguf/quantized-blocks.ts.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<u32>;

fn weight4(i: u32) -> vec4f {
  let pair = (i / 16u) * 17u;
  let half = (i / 8u) % 2u;
  let d = unpack2x16float(weights[pair] >> (half * 16u)).x;
  let word = weights[pair + 1u + half * 8u + i % 8u];
  let q = bitcast<vec4i>(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u);
  return d * vec4f(q);
}
