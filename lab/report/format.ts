/**
 * Numbers as tables show them. What was not measured is a dash; what is no number, by a mistake of the report's own, is an error that
 * no reader takes for a figure.
 */
import { byteSizeText } from '../../lib/byte-size.ts';
import { ReptraceError } from '../../lib/errors.ts';

const ABSENT = '–';
const MINUTE = 60;
const HOUR = 3600;

/** A share or an average precision, with three decimals. */
export function share(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? ABSENT : finite(value).toFixed(digits);
}

export function percent(value: number | null): string {
  return value === null ? ABSENT : `${(100 * finite(value)).toFixed(0)} %`;
}

/** Three figures that count, of numbers of any size: 0.00123, 12.3, 45600, 4.56e+9. */
export function significant(value: number | null): string {
  if (value === null) return ABSENT;
  const size = Math.abs(finite(value));
  const isPlain = size === 0 || (size >= 1e-3 && size < 1e6);
  return isPlain ? String(Number(value.toPrecision(3))) : value.toExponential(2);
}

/** 0.25 s, 12.3 s, 5 min 20 s, 2 h 5 min. */
export function seconds(value: number): string {
  if (finite(value) < MINUTE) return `${significant(value)} s`;
  const whole = Math.round(value);
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
  return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`;
}

export function bytes(value: number | null): string {
  return value === null ? ABSENT : byteSizeText(finite(value));
}

/** "0.912 [0.874, 0.941]" */
export function interval(of: { readonly mean: number; readonly low: number; readonly high: number }): string {
  return `${share(of.mean)} [${share(of.low)}, ${share(of.high)}]`;
}

/** Throws NOT_FINITE. */
function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new ReptraceError(
    'NOT_FINITE',
    `a figure of the report is ${value}`,
    'Report it with results.json: the report should say what was not measured.',
  );
}
