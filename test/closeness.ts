/**
 * How close a vector is to its reference, measured twice: the largest difference over the largest magnitude, and the
 * relative L2 error with the four largest coordinates of the reference left out, since a few coordinates dwarf the
 * rest in real models.
 */
import { expect } from 'vitest';

export interface Closeness {
  readonly largest: number;
  readonly l2: number;
}

const LEFT_OUT = 4;

export function closeness(actual: ArrayLike<number>, reference: ArrayLike<number>): Closeness {
  if (actual.length !== reference.length) return { largest: Infinity, l2: Infinity };
  const order = Array.from({ length: reference.length }, (_, i) => i).sort(
    (a, b) => Math.abs(reference[b]) - Math.abs(reference[a]),
  );
  let difference = 0;
  let square = 0;
  let error = 0;
  for (const [rank, i] of order.entries()) {
    const gap = Math.abs(actual[i] - reference[i]);
    // A NaN must not pass: it is larger than nothing, so it is caught here.
    if (Number.isNaN(gap)) return { largest: Infinity, l2: Infinity };
    difference = Math.max(difference, gap);
    if (rank < LEFT_OUT && reference.length > 2 * LEFT_OUT) continue;
    error += gap * gap;
    square += reference[i] * reference[i];
  }
  const magnitude = Math.abs(reference[order[0] ?? 0] ?? 0);
  return { largest: ratio(difference, magnitude), l2: ratio(Math.sqrt(error), Math.sqrt(square)) };
}

/** Fails, naming what differs, unless both measures are within the tolerance. Gives the larger of them. */
export function expectClose(
  what: string,
  actual: ArrayLike<number>,
  reference: ArrayLike<number>,
  tolerance: number,
): number {
  const { largest, l2 } = closeness(actual, reference);
  expect(largest, `${what}: largest difference over largest magnitude`).toBeLessThanOrEqual(tolerance);
  expect(l2, `${what}: relative L2 error without the largest coordinates`).toBeLessThanOrEqual(tolerance);
  return Math.max(largest, l2);
}

function ratio(error: number, size: number): number {
  return size === 0 ? (error === 0 ? 0 : Infinity) : error / size;
}
