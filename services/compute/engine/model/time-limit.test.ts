import { describe, expect, it } from 'vitest';
import { TimeLimitError, withTimeLimit } from './time-limit.ts';

function elapsed(work: () => unknown): number {
  const start = performance.now();
  expect(work).toThrow(TimeLimitError);
  return performance.now() - start;
}

describe('withTimeLimit', () => {
  it('gives the result, and the error, of what ends in time', () => {
    expect(withTimeLimit(1000, () => ({ a: 1 }))).toEqual({ a: 1 });
    expect(withTimeLimit<number | undefined>(1000, () => undefined)).toBeUndefined();
    expect(() =>
      withTimeLimit(1000, () => {
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
    expect(withTimeLimit(1000, () => withTimeLimit(1, () => 2))).toBe(2);
  });

  it('stops a loop that does not end, and goes on working', () => {
    const forever = (): unknown => {
      for (;;);
    };
    expect(elapsed(() => withTimeLimit(100, forever))).toBeLessThan(1000);
    expect(elapsed(() => withTimeLimit(100, () => withTimeLimit(10_000, forever)))).toBeLessThan(1000);
    expect(withTimeLimit(100, () => 3)).toBe(3);
  });

  it('stops a catastrophic regular expression', () => {
    const text = `${'a'.repeat(60)}!`;
    expect(elapsed(() => withTimeLimit(100, () => /^(\w+\s?)*$/u.test(text)))).toBeLessThan(1000);
    expect(elapsed(() => withTimeLimit(100, () => text.replaceAll(/(?:a|a)*b/gu, '')))).toBeLessThan(1000);
  });
});
