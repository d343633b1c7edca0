import { describe, expect, it } from 'vitest';
import { percent, short, table } from './table.ts';

describe('table', () => {
  it('pads columns and puts numbers to the right', () => {
    const text = table(
      ['model', 'GFLOP/s'],
      [
        ['a', 5.1],
        ['longer', 12],
      ],
    );
    expect(text).toBe(
      ['| model  | GFLOP/s |', '| ------ | ------: |', '| a      |     5.1 |', '| longer |      12 |'].join(
        '\n',
      ),
    );
  });
});

describe('short', () => {
  it('keeps three digits, and every digit before the point', () => {
    expect([1234.5, 12.345, 0.012345].map(short)).toEqual([1235, 12.3, 0.0123]);
  });
});

describe('percent', () => {
  it('rounds to whole ones', () => {
    expect(percent(0.034)).toBe('3 %');
  });
});
