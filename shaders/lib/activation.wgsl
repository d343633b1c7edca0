// The activation functions of feed-forward layers and their slopes; ACTIVATION, which a shader varies, says which. Four
// elements at once. Needs lib/exp and lib/erf.
const SILU = 0u;      // z sigmoid(z)                       (arXiv 1606.08415, 1702.03118)
const GELU = 1u;      // z (1 + erf(z / sqrt 2)) / 2        (arXiv 1606.08415)
const GELU_TANH = 2u; // z (1 + tanh(w(z))) / 2, w(z) = sqrt(2 / pi) (z + 0.044715 z^3)
// The GELUs are z itself from 16 on, and 0 below -16; squares of far larger values would overflow.
const SATURATED = 16.0;

fn activate4(z: vec4f) -> vec4f {
  if (ACTIVATION == SILU) {
    return z / (1.0 + exp4_accurate(-z));
  }
  let t = min(abs(z), vec4f(SATURATED));
  return value_of(z, t, gate_below(t));
}

struct Pulled {
  value: vec4f,
  slope: vec4f,
}

// by_value * f(z) and by_slope * f'(z).
fn activation_pull4(z: vec4f, by_value: vec4f, by_slope: vec4f) -> Pulled {
  if (ACTIVATION == SILU) {
    let s = 1.0 / (1.0 + exp4_accurate(-z));
    return Pulled(by_value * z * s, by_slope * s * (1.0 + z * (1.0 - s)));
  }
  let t = min(abs(z), vec4f(SATURATED));
  let below = gate_below(t);
  return Pulled(by_value * value_of(z, t, below), by_slope * slope_of(z, t, below));
}

// Both GELUs are z G(z) with G(z) = 1 - G(-z). Everything is computed from G(-t), t = |z| >= 0: it is the smaller of the
// two, and what is left of 1 by the other would have lost its digits.
fn gate_below(t: vec4f) -> vec4f {
  if (ACTIVATION == GELU) {
    return tail_ratio4(t) * exp_half_square4(t);
  }
  // (1 + tanh(-w)) / 2 = 1 / (1 + exp(2w)): neither overflows nor cancels.
  return 1.0 / (1.0 + exp4_accurate(t * (1.59576912 + 0.0713548163 * t * t)));
}

fn value_of(z: vec4f, t: vec4f, below: vec4f) -> vec4f {
  return nan_unless_finite4(z, max(z, vec4f()) - t * below);
}

// The slope at -t is G(-t) - t G'(t), and at t what that leaves of 1. G' is the normal density, or 2w' G(t) G(-t).
fn slope_of(z: vec4f, t: vec4f, below: vec4f) -> vec4f {
  var slope = below;
  if (ACTIVATION == GELU) {
    slope -= t * 0.39894228 * exp_half_square4(t);
  } else {
    slope -= t * below * (1.0 - below) * (1.59576912 + 0.214064449 * t * t);
  }
  return nan_unless_finite4(z, select(1.0 - slope, slope, z < vec4f()));
}

// NaN where z is NaN or infinite: bounding z would hide it, and a 0 that came of -infinity would go on as if it were a
// value.
fn nan_unless_finite4(z: vec4f, value: vec4f) -> vec4f {
  let bits = bitcast<vec4u>(z);
  let finite = (bits & vec4u(0x7f800000u)) != vec4u(0x7f800000u);
  return select(bitcast<vec4f>(bits | vec4u(0x7fc00000u)), value, finite);
}
