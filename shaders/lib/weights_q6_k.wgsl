// Four consecutive weights of Q6_K blocks, d * scale * (q - 32) with scale signed: pairs of 105 words, laid out as told in
// model/gguf/quantized-blocks.ts.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<u32>;

fn weight4(i: u32) -> vec4f {
  let pair = (i / 128u) * 105u;
  let half = (i / 64u) % 2u;
  let group = (i / 8u) % 8u;
  let part = i % 8u;
  let d = unpack2x16float(weights[pair] >> (half * 16u)).x;
  // 32 words of low bits, 16 of high ones, 4 of scales; each half of the block has its own 16 and 8 of the first two.
  let block = pair + 1u + half * 52u;
  let low = weights[block + (group / 4u) * 16u + (group % 2u) * 8u + part] >> (group / 2u % 2u * 4u);
  let high = weights[block + 32u + (group / 4u) * 8u + part] >> (group % 4u * 2u);
  let index = group * 2u + part / 4u;
  let scale = bitcast<i32>(weights[block + 48u + index / 4u] << (24u - index % 4u * 8u)) >> 24u;
  let shifts = vec4u(0u, 8u, 16u, 24u);
  let q = ((vec4u(low) >> shifts) & vec4u(15u)) | (((vec4u(high) >> shifts) & vec4u(3u)) << vec4u(4u));
  return (d * f32(scale)) * (vec4f(q) - 32.0);
}
