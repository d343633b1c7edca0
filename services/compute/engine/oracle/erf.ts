/**
 * The error function in float64, which JavaScript has not: erf(x) = 2 / sqrt(pi) * integral of exp(-s^2) from 0 to x, and
 * erfc(x) = 1 - erf(x) without the cancellation. Both from Abramowitz and Stegun, Handbook of Mathematical Functions:
 * below 2 the series 7.1.6, whose terms are all positive, above it the continued fraction 7.1.14.
 */

const SERIES_BELOW = 2;
/** The fraction's depth: at x = 2 it has converged to float64 well before. */
const DEPTH = 120;

export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  return x < SERIES_BELOW ? series(x) : 1 - fraction(x);
}

export function erfc(x: number): number {
  if (x < 0) return 1 + erf(-x);
  // Just below 2, erfc is 0.005: the subtraction costs it two of sixteen digits.
  return x < SERIES_BELOW ? 1 - series(x) : fraction(x);
}

/** erf(x) = 2 / sqrt(pi) * exp(-x^2) * sum over n of 2^n x^(2n + 1) / (1 * 3 * ... * (2n + 1)) */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) = exp(-x^2) / sqrt(pi) * 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...)))) */
function fraction(x: number): number {
  let below = x;
  for (let n = DEPTH; n > 0; n--) below = x + n / 2 / below;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / below;
}
