/** Refuses results that hold a number which is none: a table never shows NaN, and JSON would turn it into null without a word. */
import { ReptraceError } from '../../lib/errors.ts';

/**
 * @param value plain data; its names are those of the results
 * Throws NOT_FINITE, naming the first place whose number is NaN or infinite, or that is undefined.
 */
export function checkFinite(value: unknown, place = 'results'): void {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new ReptraceError(
      'NOT_FINITE',
      `${place} is ${String(value)}`,
      'Figures that were not measured must be null, with a note that says why. Run the set again; if it stays, report it with results and recipe.',
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    checkFinite(inner, Array.isArray(value) ? `${place}[${key}]` : `${place}.${key}`);
  }
}
