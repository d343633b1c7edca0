import { describe, expect, it } from 'vitest';
import { digestOf } from './digest.ts';

describe('digestOf', () => {
  it('does not depend on the order of keys, nor on keys without a value', () => {
    expect(digestOf({ a: 1, b: [{ c: 'x', d: null }] })).toBe(
      digestOf({ b: [{ d: null, c: 'x', e: undefined }], a: 1 }),
    );
  });

  it.each([
    [{ a: 1 }, { a: '1' }],
    [{ a: 1 }, { a: 1, b: 0 }],
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [
      [1, 2],
      [2, 1],
    ],
    [null, 'null'],
    [[], {}],
    [-0.1, 0.1],
  ])('tells %j from %j', (a, b) => {
    expect(digestOf(a)).not.toBe(digestOf(b));
  });

  it.each([NaN, Infinity, 1n, () => 1, undefined])('refuses %s, which is no plain data', (bad) => {
    expect(() => digestOf({ bad: [bad] })).toThrow('has no digest');
  });
});
