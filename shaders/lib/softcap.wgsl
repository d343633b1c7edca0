// softcap(z) = cap * tanh(z / cap) and its slope, 1 - tanh(z / cap)^2 (Gemma-2's logit softcapping), to a few ulp. By
// exp_accurate, since WGSL leaves tanh inexact. Infinities give ±cap and slope 0; NaN stays NaN. Needs lib/exp.wgsl.
fn softcap(z: f32, cap: f32) -> f32 {
  let x = z / cap;
  let e = exp_accurate(-2.0 * abs(x));
  let far = (1.0 - e) / (1.0 + e);
  // Near 0 that difference loses its digits: there the Taylor polynomial of degree 9, whose remainder is below 2^-26 of x.
  let square = x * x;
  var p = 0.0218694885;
  p = fma(p, square, -0.053968254);
  p = fma(p, square, 0.133333333);
  p = fma(p, square, -0.333333333);
  let near = fma(x * square, p, x);
  return cap * select(select(-far, far, x > 0.0), near, abs(x) < 0.25);
}

// Not from the capped value: 1 - tanh^2 has no digits left where tanh is close to 1.
fn softcap_slope(z: f32, cap: f32) -> f32 {
  let e = exp_accurate(-2.0 * abs(z / cap));
  return 4.0 * e / ((1.0 + e) * (1.0 + e));
}

fn softcap4(z: vec4f, cap: f32) -> vec4f {
  return vec4f(softcap(z.x, cap), softcap(z.y, cap), softcap(z.z, cap), softcap(z.w, cap));
}

fn softcap4_slope(z: vec4f, cap: f32) -> vec4f {
  return vec4f(
    softcap_slope(z.x, cap), softcap_slope(z.y, cap), softcap_slope(z.z, cap), softcap_slope(z.w, cap),
  );
}
