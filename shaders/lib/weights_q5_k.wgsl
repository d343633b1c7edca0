// Four consecutive weights of Q5_K blocks, d * scale * q - dmin * minimum: 44 words each, laid out as told in
// model/gguf/quantized-blocks.ts.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<u32>;

// Scale and minimum of a group of 32, 6 bits each, from 12 bytes: groups 0 to 3 have theirs in the low bits of bytes 0 to 7,
// the others in bytes 8 to 11 and in what the first left.
fn scale_and_minimum(at: u32, group: u32) -> vec2f {
  let shift = (group % 4u) * 8u;
  let first = vec2u(weights[at], weights[at + 1u]) >> vec2u(shift);
  let rest = vec2u(weights[at + 2u] >> shift) >> vec2u(0u, 4u);
  let upper = (rest & vec2u(15u)) | (((first >> vec2u(6u)) & vec2u(3u)) << vec2u(4u));
  return vec2f(select(upper, first & vec2u(63u), group < 4u));
}

fn weight4(i: u32) -> vec4f {
  let block = (i / 64u) * 44u;
  let group = (i / 8u) % 8u;
  let part = i % 8u;
  let factor = unpack2x16float(weights[block]) * scale_and_minimum(block + 1u, group);
  // Two groups share 8 words: the low and the high halves of their bytes. All share the 8 words of fifth bits.
  let word = weights[block + 12u + (group / 2u) * 8u + part] >> (group % 2u * 4u);
  let low = (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u);
  let fifth = (vec4u(weights[block + 4u + part] >> group) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(1u);
  return factor.x * vec4f(low | (fifth << vec4u(4u))) - factor.y;
}
