import { expect, test } from 'vitest';
import { bytes, interval, percent, seconds, share, significant } from './format.ts';

test('figures have as many digits as they are good for', () => {
  expect(share(0.87349)).toBe('0.873');
  expect(percent(0.946)).toBe('95 %');
  expect([0, 0.000012345, 0.012345, 12.345, 45678, 4567890].map(significant)).toEqual([
    '0',
    '1.23e-5',
    '0.0123',
    '12.3',
    '45700',
    '4.57e+6',
  ]);
  expect(interval({ mean: 0.5, low: 0.41239, high: 0.6 })).toBe('0.500 [0.412, 0.600]');
});

test('time is told in the units that people use', () => {
  expect([0.25, 12.34, 59.99, 60, 320, 3599.7, 7500].map(seconds)).toEqual([
    '0.25 s',
    '12.3 s',
    '60 s',
    '1 min 0 s',
    '5 min 20 s',
    '1 h 0 min',
    '2 h 5 min',
  ]);
});

test('what was not measured is a dash', () => {
  expect([share(null), share(undefined), percent(null), significant(null), bytes(null)]).toEqual(
    Array<string>(5).fill('–'),
  );
});

test('what is no number is an error and no text', () => {
  for (const format of [share, percent, significant, bytes, seconds])
    for (const value of [NaN, Infinity, -Infinity])
      expect(() => format(value)).toThrow(expect.objectContaining({ code: 'NOT_FINITE' }));
});
