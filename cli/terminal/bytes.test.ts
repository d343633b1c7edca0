import { expect, it } from 'vitest';
import { byteCount, transferLine } from './bytes.ts';

it('amounts are told in the unit that they are of, to three digits at most', () => {
  const shown = [0, 999, 1000, 1234, 99_949, 99_951, 999_499, 999_500, 12_345_678_901, 5e15].map(byteCount);
  expect(shown).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.2 kB',
    '99.9 kB',
    '100 kB',
    '999 kB',
    '1.0 MB',
    '12.3 GB',
    '5000 TB',
  ]);
});

it('a transfer tells what is there, how fast it goes, and how long it will take', () => {
  expect(transferLine('fetched', 1e6, 4e6, 1e6)).toBe('fetched 1.0 MB of 4.0 MB  1.0 MB/s  3s left');
  expect(transferLine('fetched', 0, 4e6, 0)).toBe('fetched 0 B of 4.0 MB  0 B/s');
});
