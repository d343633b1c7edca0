import { describe, expect, it } from 'vitest';
import { parseByteSize } from './byte-size.ts';

describe('an amount of memory', () => {
  it.each([
    ['1500000', 1_500_000],
    ['512MiB', 512 * 2 ** 20],
    ['2GiB', 2 ** 31],
    [' 1.5 gb ', 1_500_000_000],
    ['3 kB', 3000],
    ['7b', 7],
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
    'constructor',
    '1constructor',
    '99999999TiB',
  ])('is not %j', (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });
});
