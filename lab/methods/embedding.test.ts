import { expect, it } from 'vitest';
import { EMBEDDING, SENTENCE } from './embedding.ts';
import { madeFeatures, vectors } from './testing.ts';

const made = madeFeatures({ rows: 2, outputs: 1 });

it('compares mean hidden states without what all rows share', () => {
  const features = {
    ...made,
    // The rows' mean is [10, 10].
    rows: {
      ...made.rows,
      meanHidden: vectors([
        [13, 14],
        [7, 6],
      ]),
    },
    outputs: { ...made.outputs, meanHidden: vectors([[14, 13]]) },
  };
  const [[first, second]] = EMBEDDING.scores(features).byOutput;
  expect(first).toBeCloseTo(24 / 25, 12);
  expect(second).toBeCloseTo(-24 / 25, 12);
  expect(EMBEDDING.bytesPerRow(features)).toBe(8);
});

it('compares sentence vectors as they are', () => {
  const features = {
    ...made,
    rows: {
      ...made.rows,
      sentence: vectors([
        [3, 4],
        [1, 0],
      ]),
    },
    outputs: { ...made.outputs, sentence: vectors([[4, 3]]) },
  };
  const [[first, second]] = SENTENCE.scores(features).byOutput;
  expect(first).toBeCloseTo(24 / 25, 12);
  expect(second).toBeCloseTo(4 / 5, 12);
});

it('says that no sentence encoder was named', () => {
  expect(() => SENTENCE.scores(made)).toThrow(/no sentence encoder was named/);
  expect(SENTENCE.bytesPerRow(made)).toBeUndefined();
});
