// The upper tail of the standard normal distribution, Q(t) = erfc(t / sqrt 2) / 2, as two factors for t from 0 to 16:
//   Q(t) = tail_ratio4(t) * exp_half_square4(t)
// Both have a small relative error, so that Q(13), about 1e-38, is as accurate as Q(0): with erf itself, 1 - erf would
// leave nothing of it. Needs lib/exp.

// exp(t^2 / 2) erfc(t / sqrt 2) / 2, falling from 1/2 as 0.4 / t. With u = 4 / (4 + t) it is u P(2u - 1), P smooth up to
// infinity (the idea of Shepherd and Laframboise, Mathematics of Computation 36, 1981). P is the minimax polynomial of
// degree 9 for t <= 13.5, found with the Remez exchange in 40 digits: off by 8e-9, and by 2.4e-7 once evaluated in float32.
fn tail_ratio4(t: vec4f) -> vec4f {
  // u where it is less than 1/2, and else 1 - u, whose rounding is the smaller one; near t = 0 it is nothing.
  let near = t < vec4f(4.0);
  let lesser = select(vec4f(4.0), t, near) / (4.0 + t);
  let u = select(lesser, 1.0 - lesser, near);
  let q = select(2.0 * lesser - 1.0, 1.0 - 2.0 * lesser, near);
  var p = vec4f(3.170998785e-5);
  p = fma(p, q, vec4f(4.764311438e-5));
  p = fma(p, q, vec4f(-3.935773875e-4));
  p = fma(p, q, vec4f(-8.793677708e-4));
  p = fma(p, q, vec4f(1.882098534e-3));
  p = fma(p, q, vec4f(1.510110329e-2));
  p = fma(p, q, vec4f(4.663073765e-2));
  p = fma(p, q, vec4f(9.678422093e-2));
  p = fma(p, q, vec4f(0.1519741516));
  p = fma(p, q, vec4f(0.1888212839));
  return u * p;
}

// exp(-t^2 / 2). Rounding t^2 would cost t^2 / 2 ulp of the result (1e-6 at 6), so the upper 12 bits of t are squared,
// which is exact, and what they leave of t^2 / 2, at most 1/16, goes through a short series.
fn exp_half_square4(t: vec4f) -> vec4f {
  let upper = bitcast<vec4f>(bitcast<vec4u>(t) & vec4u(0xfffff000u));
  let rest = 0.5 * (t - upper) * (t + upper);
  let series = 1.0 - rest * (1.0 - rest * (0.5 - rest * (0.166666667 - rest * 0.0416666667)));
  return exp4_accurate(-0.5 * upper * upper) * series;
}
