import { describe, expect, it } from 'vitest';
import { byteSizeText, parseByteSize, withLikelyUnit } from './byte-size.ts';

describe('an amount of memory', () => {
  it.each([
    ['1500000', 1_500_000],
    ['512MiB', 512 * 2 ** 20],
    ['2GiB', 2 ** 31],
    [' 1.5 gb ', 1_500_000_000],
    ['3 kB', 3000],
    ['7b', 7],
    ['1048576', 2 ** 20],
  ])('%s', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each([
    '',
    '0',
    '-1',
    '1e9',
    'GiB',
    '2 giga',
    '2GiB2',
    '0.1',
    '8',
    '1048575',
    'constructor',
    '1constructor',
    '99999999TiB',
  ])('is not %j', (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });
});

describe('a number whose unit was forgotten', () => {
  it('most likely means GiB, larger ones MiB or kB', () => {
    expect(['8', ' 1.5 ', '256', '512', '600000'].map(withLikelyUnit)).toEqual([
      ...['8GiB', '1.5GiB', '256GiB', '512MiB', '600000kB'],
    ]);
    expect(['', '0', '-8', '8GiB', '1500000', 'much', '1e3'].map(withLikelyUnit)).toEqual(
      Array<undefined>(7).fill(undefined),
    );
  });
});

describe('an amount of memory for a person', () => {
  it.each([
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [300_000, '293 KiB'],
    [5.25 * 2 ** 20, '5.3 MiB'],
    [2 ** 30 - 1, '1 GiB'],
    [8 * 2 ** 30, '8 GiB'],
  ])('%d', (bytes, text) => {
    expect(byteSizeText(bytes)).toBe(text);
  });
});
