import { describe, expect, it } from 'vitest';
import { gradientShare } from './charge.ts';
import { GRADIENT_METHODS } from './gradient-methods.ts';
import { gradientsFeatures } from './gradient-testing.ts';
import { RATIO } from './ratio.ts';

const at = (step: number, first: number) => ({ step, rows: [[first, 2], [1, 1]], outputs: [[1, -first]] }); // prettier-ignore
const LAST = at(40, 1);
const FOUR = gradientsFeatures([at(10, 5), at(20, -7), at(30, 9), LAST], [2]);

const OF_LAST = ['datainf', 'lissa', 'influence', 'rapidin'];

describe.each(GRADIENT_METHODS)('$title', (method) => {
  const isOfLast = OF_LAST.includes(method.name);

  it(`pays for the gradients of ${isOfLast ? 'the last checkpoint alone' : 'all checkpoints'}`, () => {
    expect(method.checkpoints).toBe(isOfLast ? 'last' : 'all');
    expect(gradientShare(method, FOUR)).toBe(isOfLast ? 1 / 4 : 1);
    expect(method.bytesPerRow(FOUR)).toBe(isOfLast ? 2 * 4 : 4 * 2 * 4);
  });

  it('looks at no others than it pays for, and at all of those', () => {
    const { byOutput } = method.scores(FOUR);
    const alone = method.scores(gradientsFeatures([LAST], [2])).byOutput;
    if (isOfLast) expect(byOutput).toEqual(alone);
    else expect(byOutput).not.toEqual(alone);
  });
});

it('is whole where nothing is known of checkpoints', () => {
  expect(gradientShare(RATIO, FOUR)).toBe(1);
  expect(gradientShare({ checkpoints: 'last' }, gradientsFeatures([], []))).toBe(1);
});
