/** Amounts of data for a person. */
import { duration } from '../progress.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 1234567 -> "1.2 MB". */
export function byteCount(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/** "fetched 12.0 MB of 98.4 MB  3.1 MB/s  28s left". */
export function transferLine(what: string, done: number, total: number, bytesPerSecond: number): string {
  const left = bytesPerSecond > 0 ? `  ${duration((total - done) / bytesPerSecond)} left` : '';
  return `${what} ${byteCount(done)} of ${byteCount(total)}  ${byteCount(bytesPerSecond)}/s${left}`;
}
