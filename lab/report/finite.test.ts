import { describe, expect, test } from 'vitest';
import { checkFinite } from './finite.ts';
import { method, results, seed, set } from './testing.ts';

const good = results(set('swap', [seed([method('taught', 'taught tokens', 0.9)])]));

describe('checkFinite', () => {
  test('lets finite numbers, null and texts pass', () => {
    expect(() => {
      checkFinite(good);
    }).not.toThrow();
  });

  test.each([NaN, Infinity, -Infinity, undefined])('names the place of %s', (value) => {
    const methods = [
      method('taught', 'taught tokens', 0.9),
      { ...method('less', 'LESS', 0.5), precisionRecall: [1, value] },
    ];
    const bad = { ...good, sets: [{ ...good.sets[0], seeds: [{ ...good.sets[0].seeds[0], methods }] }] };
    expect(() => {
      checkFinite(bad);
    }).toThrow(
      expect.objectContaining({
        code: 'NOT_FINITE',
        message: `results.sets[0].seeds[0].methods[1].precisionRecall[1] is ${String(value)}`,
      }),
    );
  });
});
