// exp(x) to about 1 ulp: adapters may use coarser ones (WGSL allows 3 + 2|x| ulp).
// Cody-Waite reduction x = n ln 2 + r, |r| <= ln 2 / 2, then the Taylor polynomial of degree 7 (remainder < 2^-27).
// Below -87 the result is 0, so that masked and vanishing terms add nothing; above 88.7 it is infinite. NaN stays NaN.
fn exp_accurate(x: f32) -> f32 {
  let clamped = clamp(x, -87.0, 88.8);
  let n = round(clamped * 1.44269504);
  // ln 2 in two parts: the first has few bits, so that n * high is exact. Not as nested fma: Mesa would add the parts up
  // again, n * (high + low), and be off by 4e-6 at the ends.
  let r = (clamped - n * 0.693145752) - n * 1.42860677e-6;
  var p = 1.98412698e-4;
  p = fma(p, r, 1.38888889e-3);
  p = fma(p, r, 8.33333333e-3);
  p = fma(p, r, 4.16666667e-2);
  p = fma(p, r, 1.66666667e-1);
  p = fma(p, r, 0.5);
  p = fma(p, r, 1.0);
  p = fma(p, r, 1.0);
  // Two factors, since 2^128 is no float32 while exp(88.7) is.
  let half = i32(n) / 2;
  let value = p * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((i32(n) - half + 127) << 23u);
  let bounded = select(value, 0.0, x < -87.0);
  return select(bounded, x, is_nan(x));
}

// By the bits: compilers may assume that there is no NaN, and one that becomes a number would go unnoticed.
fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn exp4_accurate(x: vec4f) -> vec4f {
  return vec4f(exp_accurate(x.x), exp_accurate(x.y), exp_accurate(x.z), exp_accurate(x.w));
}

// log(x) for x from 1e-37 to 1e37: one Newton step on the adapter's own log, whose error it squares.
fn log_accurate(x: f32) -> f32 {
  let y = log(x);
  return y + (x * exp_accurate(-y) - 1.0);
}
