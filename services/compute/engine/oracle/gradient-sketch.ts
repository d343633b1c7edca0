/**
 * A CountSketch (Charikar, Chen, Farach-Colton, ICALP 2002; feature hashing: Weinberger et al., arXiv 0902.2206) of a tensor of n
 * numbers to k, made so that a GPU needs no atomics: coordinate i = q·k + r goes to bucket (r + shift(q)) mod k with a
 * sign(i) of +1 or -1. Shifts and signs come from a hash of (seed, tensor, q or i); a tensor of n <= k is kept as it is.
 *
 * For the same seed and tensor, and c_ij = 1 where i and j share a bucket:
 *   E <Sx, Sy> = <x, y>, the signs of different coordinates being independent, and
 *   Var <Sx, Sy> = Σ_{i≠j} P(c_ij) (x_i² y_j² + x_i y_i x_j y_j) <= (|x|² |y|² + <x, y>²) / k,
 * where P(c_ij) is 1/k for coordinates of different q, and 0 for those of one q, which never meet.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { lowbias32 } from './lowbias32.ts';
import { checkShape, type Numbers } from './numbers.ts';

/** What the hashes of one tensor are keyed with: 32 bits each. */
export interface SketchKeys {
  readonly sign: number;
  readonly shift: number;
}

/** @param seed any integer; its low 32 bits count */
export function sketchKeys(seed: number, tensor: number): SketchKeys {
  const own = lowbias32((lowbias32(seed ^ 0x9e3779b9) + 2 * tensor) >>> 0);
  return { sign: own, shift: lowbias32((own + 0x85ebca6b) >>> 0) };
}

/** S x, [width]. Throws INPUT_INVALID unless the width is a positive whole number. */
export function sketch(values: Numbers, width: number, keys: SketchKeys): Float64Array {
  if (!Number.isInteger(width) || width < 1) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `width is ${width}`,
      'A sketch has a positive whole number of buckets.',
    );
  }
  const out = new Float64Array(width);
  const exact = values.length <= width;
  for (let i = 0; i < values.length; i++) {
    const shift = exact ? 0 : lowbias32(Math.floor(i / width) ^ keys.shift) % width;
    const sign = exact || lowbias32(i ^ keys.sign) < 2 ** 31 ? 1 : -1;
    out[((i % width) + shift) % width] += sign * values[i];
  }
  return out;
}

export interface Moments {
  readonly gradient: Numbers;
  /** AdamW's, before this gradient. */
  readonly first: Numbers;
  readonly second: Numbers;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Of the step that this gradient would make: 1 for the first. */
  readonly step: number;
}

/**
 * Γ, the direction in which AdamW would go for this gradient (LESS, Xia et al., arXiv 2402.04333, section 3; without decay):
 *   m' = β1 m + (1 - β1) g;  v' = β2 v + (1 - β2) g²;  Γ = (m' / (1 - β1^t)) / (sqrt(v' / (1 - β2^t)) + ε)
 * The authors' code leaves out the corrections, which the cosine that follows nearly cancels, and has sqrt(v' + ε).
 */
export function adamDirection(moments: Moments): Float64Array {
  const { gradient, first, second, beta1, beta2, epsilon, step } = moments;
  checkShape('first', first, gradient.length);
  checkShape('second', second, gradient.length);
  return Float64Array.from({ length: gradient.length }, (_, i) => {
    const m = beta1 * first[i] + (1 - beta1) * gradient[i];
    const v = beta2 * second[i] + (1 - beta2) * gradient[i] ** 2;
    return m / (1 - beta1 ** step) / (Math.sqrt(v / (1 - beta2 ** step)) + epsilon);
  });
}
