// Four consecutive weights stored as float16, two to a word: needs no shader-f16.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<vec2u>;

fn weight4(i: u32) -> vec4f {
  let words = weights[i];
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}
