/** SHA-256 of plain data: equal for equal values, in whatever order an object's keys were written. */
import { createHash } from 'node:crypto';

/** 64 hexadecimal digits. Throws for what JSON has no form for: two values could then have one digest. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
  }
  const isPlain =
    value === null ||
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value));
  if (!isPlain) throw new Error(`a ${typeof value} has no digest: it is no plain data`);
  return JSON.stringify(value);
}
