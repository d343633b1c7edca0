/**
 * Gradients by central finite differences, to hold a hand-written backward to:
 *   df/dx[i] = (f(x + h e_i) - f(x - h e_i)) / 2h
 * In float64 with h = 1e-5 the error is about h^2 (truncation) + 1e-16 / h (rounding), 1e-10 of values near 1.
 */
import type { Numbers } from './numbers.ts';

const STEP = 1e-5;

/** df/dx, as long as x; `f` gets a changed copy of x each time. */
export function numericalGradient(f: (x: Float64Array) => number, x: Numbers, step = STEP): Float64Array {
  const point = Float64Array.from(x);
  return point.map((value, i) => {
    const moved = Float64Array.from(point);
    moved[i] = value + step;
    const above = f(moved);
    moved[i] = value - step;
    return (above - f(moved)) / (2 * step);
  });
}
