// Four consecutive weights stored as bfloat16, two to a word: the upper half of a float32.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<vec2u>;

fn weight4(i: u32) -> vec4f {
  let words = weights[i];
  let low = words << vec2u(16u);
  let high = words & vec2u(0xffff0000u);
  return bitcast<vec4f>(vec4u(low.x, high.x, low.y, high.y));
}
