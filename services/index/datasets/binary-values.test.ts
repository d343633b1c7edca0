import { describe, expect, it } from 'vitest';
import {
  bigIntOf,
  checkRows,
  contentOf,
  dateValue,
  decimalValue,
  halfFloat,
  RowBudget,
  textValue,
  timestampValue,
  timeValue,
  wholeValue,
} from './binary-values.ts';

describe('values', () => {
  it('that are whole numbers are text where float64 does not hold them', () => {
    expect(wholeValue(2n ** 53n - 1n)).toBe(2 ** 53 - 1);
    expect(wholeValue(2n ** 53n)).toBe('9007199254740992');
    expect(wholeValue(-(2n ** 63n))).toBe('-9223372036854775808');
  });

  it.each([
    [1234n, 2, '12.34'],
    [-5n, 3, '-0.005'],
    [0n, 1, '0.0'],
    [7n, 0, '7'],
    [7n, -2, '700'],
  ])('that are decimals keep their digits: %s with scale %s', (unscaled, scale, text) => {
    expect(decimalValue(unscaled, scale)).toBe(text);
  });

  it('of bytes are two’s complement, either way round', () => {
    expect(bigIntOf(Uint8Array.of(0xff, 0x00), 'big-endian')).toBe(-256n);
    expect(bigIntOf(Uint8Array.of(0xff, 0x00), 'little-endian')).toBe(255n);
    expect(bigIntOf(new Uint8Array(0), 'big-endian')).toBe(0n);
  });

  it('that are times are written as ISO 8601 has them', () => {
    expect(dateValue(0)).toBe('1970-01-01');
    expect(dateValue(-719_528)).toBe('0000-01-01');
    expect(timestampValue(-1n, 'ns', true)).toBe('1969-12-31T23:59:59.999999999Z');
    expect(timestampValue(1_500n, 'ms', false)).toBe('1970-01-01T00:00:01.5');
    expect(timestampValue(60n, 's', false)).toBe('1970-01-01T00:01:00');
    expect(timeValue(3_723_000_001n, 'us')).toBe('01:02:03.000001');
    expect(() => timestampValue(2n ** 62n, 's', true)).toThrow(/beyond what can be written/);
    expect(() => dateValue(1e9)).toThrow(/beyond what can be written/);
    expect(() => timeValue(-1n, 'ms')).toThrow(/none of a day/);
  });

  it('of half precision are those of IEEE 754', () => {
    expect([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00].map(halfFloat)).toEqual([
      1,
      -2,
      2 ** -24,
      65504,
      Infinity,
    ]);
    expect(halfFloat(0x7e00)).toBeNaN();
  });
});

describe('a row', () => {
  it('has as many bytes and values as it may, and no more', () => {
    const text = Buffer.from('x'.repeat(50));
    const twice = (budget: RowBudget) => [textValue(text, budget), textValue(text, budget)];
    expect(contentOf(100, [['a', twice]])).toEqual({
      values: new Map([['a', ['x'.repeat(50), 'x'.repeat(50)]]]),
    });
    expect(contentOf(99, [['a', twice]])).toEqual({
      reason: 'the column "a" cannot be kept: the row is longer than 99 bytes',
    });
    const many = (budget: RowBudget) => {
      for (;;) budget.spend(0);
    };
    expect(contentOf(1e9, [['a', many]])).toMatchObject({
      reason: expect.stringMatching(/more than 100000 values/) as unknown,
    });
  });

  it('is not hidden from its faults: what is no bad value is thrown', () => {
    const broken = () => {
      throw new Error('broken');
    };
    expect(() => contentOf(100, [['a', broken]])).toThrow('broken');
  });
});

it('rows that a file cannot hold are refused', () => {
  expect(() => {
    checkRows(2 ** 31, 1000);
  }).toThrow(/claims to have 2147483648 rows/);
  checkRows(1_000_000, 1000);
});
