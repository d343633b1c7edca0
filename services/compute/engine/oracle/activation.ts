/**
 * The activation functions of feed-forward layers, element by element: y = f(x), any shape, and dx = dy * f'(x).
 *   silu       x * sigmoid(x)                        (arXiv 1606.08415, 1702.03118; sigmoid-weighted linear unit)
 *   gelu       x * P(x), P(x) = erfc(-x / sqrt 2) / 2  (arXiv 1606.08415)
 *   gelu-tanh  x * (1 + tanh(w(x))) / 2, w(x) = sqrt(2 / pi) * (x + 0.044715 x^3), PyTorch's approximate='tanh'
 */
import { erfc } from './erf.ts';
import { type Numbers, checkShape } from './numbers.ts';

export type Activation = 'silu' | 'gelu' | 'gelu-tanh';

const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBIC = 0.044715;

/** f(x) */
export function activation(kind: Activation, x: number): number {
  switch (kind) {
    case 'silu':
      return x * sigmoid(x);
    case 'gelu':
      return x * normalBelow(x);
    case 'gelu-tanh':
      return x * tanhGate(x);
  }
}

/** f'(x) */
export function activationSlope(kind: Activation, x: number): number {
  switch (kind) {
    case 'silu': {
      const s = sigmoid(x);
      return s * (1 + x * (1 - s));
    }
    case 'gelu':
      return normalBelow(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
    case 'gelu-tanh': {
      // (1 + tanh w) / 2 is s = sigmoid(2w), and its derivative s (1 - s) 2w'.
      const s = tanhGate(x);
      return s + x * s * (1 - s) * 2 * TANH_SCALE * (1 + 3 * TANH_CUBIC * x * x);
    }
  }
}

export interface ActivationForward {
  readonly kind: Activation;
  readonly x: Numbers;
}

export interface ActivationBackward extends ActivationForward {
  /** dL/dy */
  readonly dy: Numbers;
}

export function activationForward({ kind, x }: ActivationForward): Float64Array {
  return Float64Array.from(x, (value) => activation(kind, value));
}

/** dx */
export function activationBackward({ kind, x, dy }: ActivationBackward): Float64Array {
  checkShape('dy', dy, x.length);
  return Float64Array.from(x, (value, i) => dy[i] * activationSlope(kind, value));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The standard normal distribution below x. */
function normalBelow(x: number): number {
  return erfc(-x / Math.SQRT2) / 2;
}

/** (1 + tanh w) / 2, written so that nothing cancels where tanh w is near -1. */
function tanhGate(x: number): number {
  return sigmoid(2 * TANH_SCALE * (x + TANH_CUBIC * x ** 3));
}
