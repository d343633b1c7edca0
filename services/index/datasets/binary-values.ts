/**
 * What Parquet and Arrow hold as values that a row can keep (`JsonValue`), the same from both. Text is text; whole numbers
 * are numbers where float64 holds them exactly, and text where not; dates and times are text as ISO 8601 writes them;
 * decimals are text, digit for digit. NaN is null, as tables write what is missing.
 */
import type { JsonValue, RecordContent } from './dataset.ts';
import { shown } from './problems.ts';
import { decodeUtf8, tooLongReason } from './text-pieces.ts';

/** Lists, objects and scalars of one row; as for a line of JSON. */
const MAX_PARTS = 100_000;
/** What a scalar counts towards a row's bytes. */
const SCALAR_BYTES = 8;
/** Beyond it JavaScript knows no date. */
const MAX_MILLISECONDS = 8.64e15;

/** Why a row cannot be kept. Its message is the row's reason. */
export class BadValue extends Error {}

/** Bounds what one row becomes. Throws BadValue. */
export class RowBudget {
  readonly #maxRowBytes: number;
  #bytes = 0;
  #parts = 0;

  constructor(maxRowBytes: number) {
    this.#maxRowBytes = maxRowBytes;
  }

  spend(bytes = SCALAR_BYTES): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxRowBytes) throw new BadValue(tooLongReason(this.#maxRowBytes));
    if (++this.#parts > MAX_PARTS) throw new BadValue(`the row has more than ${MAX_PARTS} values`);
  }
}

/** Rows that a byte may be, packed and by a dictionary; nothing that anyone would learn from is as alike. */
const MOST_ROWS_PER_BYTE = 100;
const MOST_ROWS_FREE = 1_000_000;

/** Throws an Error for rows claimed that there cannot be: going through them would take for ever. */
export function checkRows(rows: number, bytes: number): void {
  if (rows > MOST_ROWS_FREE + MOST_ROWS_PER_BYTE * bytes)
    throw new Error(`it claims to have ${rows} rows, which its size cannot hold`);
}

/** A row's values as `read` gives them, or why there are none. */
export function contentOf(
  maxRowBytes: number,
  columns: Iterable<readonly [string, (budget: RowBudget) => JsonValue]>,
): RecordContent {
  const budget = new RowBudget(maxRowBytes);
  const values = new Map<string, JsonValue>();
  for (const [name, read] of columns) {
    try {
      values.set(name, read(budget));
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      return { reason: `the column ${shown(name)} cannot be kept: ${error.message}` };
    }
  }
  return { values };
}

export function textValue(bytes: Uint8Array, budget: RowBudget): string {
  budget.spend(bytes.byteLength);
  const text = decodeUtf8(bytes);
  if (text === null) throw new BadValue('it holds bytes that are no text in UTF-8');
  return text;
}

export function floatValue(value: number): number | null {
  if (Number.isNaN(value)) return null;
  if (!Number.isFinite(value)) throw new BadValue('a number is not finite');
  return value;
}

/** IEEE 754 binary16, from its bits. */
export function halfFloat(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function wholeValue(value: bigint | number): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** @param scale digits behind the point; at most 76, as both formats have it */
export function decimalValue(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** A whole number of two's complement. */
export function bigIntOf(bytes: Uint8Array, order: 'big-endian' | 'little-endian'): bigint {
  const ordered = order === 'big-endian' ? bytes : bytes.toReversed();
  const hex = Buffer.from(ordered).toString('hex');
  return hex === '' ? 0n : BigInt.asIntN(8 * bytes.byteLength, BigInt(`0x${hex}`));
}

export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

const PER_SECOND = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n } as const;
const DIGITS = { s: 0, ms: 3, us: 6, ns: 9 } as const;

/** `2024-05-01`. @param days since 1970 */
export function dateValue(days: number): string {
  return isoDate(days * 86_400_000).slice(0, -'T00:00:00.000Z'.length);
}

/** `2024-05-01T12:00:00.5Z`; without the Z where it is the time of no place in particular. */
export function timestampValue(value: bigint, unit: TimeUnit, utc: boolean): string {
  const [seconds, rest] = splitTime(value, unit);
  return isoDate(Number(seconds) * 1000).slice(0, -'.000Z'.length) + fraction(rest, unit) + (utc ? 'Z' : '');
}

/** `12:00:00.5`. @param value since midnight */
export function timeValue(value: bigint, unit: TimeUnit): string {
  const [seconds, rest] = splitTime(value, unit);
  if (seconds < 0n || seconds > 86_400n) throw new BadValue('a time is none of a day');
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n];
  return parts.map((part) => String(part).padStart(2, '0')).join(':') + fraction(rest, unit);
}

/** Whole seconds, rounded down, and the rest in the unit. */
function splitTime(value: bigint, unit: TimeUnit): [bigint, bigint] {
  const per = PER_SECOND[unit];
  const rest = ((value % per) + per) % per;
  return [(value - rest) / per, rest];
}

function fraction(rest: bigint, unit: TimeUnit): string {
  const digits = String(rest).padStart(DIGITS[unit], '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

function isoDate(milliseconds: number): string {
  if (!(Math.abs(milliseconds) <= MAX_MILLISECONDS))
    throw new BadValue('a date is beyond what can be written');
  return new Date(milliseconds).toISOString();
}

/** Own keys only, whatever their names. */
export function objectValue(entries: Iterable<readonly [string, JsonValue]>): JsonValue {
  return Object.fromEntries(entries);
}
