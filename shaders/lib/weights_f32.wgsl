// Four consecutive weights stored as float32.
@group(0) @binding(WEIGHT_BINDING) var<storage, read> weights: array<vec4f>;

fn weight4(i: u32) -> vec4f {
  return weights[i];
}
