/**
 * Dropout whose mask is a hash: y[i] = x[i] / (1 - rate) where element i is kept, else 0. Backward: dx = dy by the same
 * mask and factor. Any shape; an element's number is its place in row-major order.
 */
import { lowbias32 } from './lowbias32.ts';
import type { Numbers } from './numbers.ts';

/** What an element's being kept follows from, besides its number. All are below 2^32. */
export interface DropoutMask {
  /** Share of the elements that are dropped, in [0, 1). */
  readonly rate: number;
  /** Of one forward and its backward. */
  readonly seed: number;
  /** Tells the modules of a forward apart. */
  readonly stream: number;
}

export function keeps({ rate, seed, stream }: DropoutMask, element: number): boolean {
  const salt = lowbias32(lowbias32(seed) + stream);
  return lowbias32(lowbias32(element) ^ salt) >= Math.floor(rate * 2 ** 32);
}

/** y, as long as x. Its own backward: dropoutForward(dy) is dx. */
export function dropoutForward(x: Numbers, mask: DropoutMask): Float64Array {
  return Float64Array.from(x, (value, i) => (keeps(mask, i) ? value / (1 - mask.rate) : 0));
}
