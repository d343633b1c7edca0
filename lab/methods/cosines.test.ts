import { describe, expect, it } from 'vitest';
import { concatenated, cosines, meanVector } from './cosines.ts';
import { vectors } from './testing.ts';

describe('cosines', () => {
  it('are of every output with every row', () => {
    const outputs = vectors([
      [3, 4],
      [0, -2],
    ]);
    const rows = vectors([
      [4, 3],
      [-30, -40],
      [1, 0],
    ]);
    const found = cosines(outputs, rows);
    const expected = [
      [24 / 25, -1, 3 / 5],
      [-3 / 5, 4 / 5, 0],
    ];
    expect(found.length).toBe(2);
    for (const [output, values] of expected.entries()) {
      for (const [row, value] of values.entries()) expect(found[output][row]).toBeCloseTo(value, 14);
    }
  });

  it('are of what is left when the centre is taken away', () => {
    const [[same, other]] = cosines(
      vectors([[11, 10]]),
      vectors([
        [13, 10],
        [10, 11],
      ]),
      [10, 10],
    );
    expect([same, other]).toEqual([1, 0]);
  });

  it('are 0, and numbers, for vectors of zeros', () => {
    expect([...cosines(vectors([[0, 0]]), vectors([[1, 2]]))[0]]).toEqual([0]);
    expect([...cosines(vectors([[1, 2]]), vectors([[3, 3]]), [3, 3])[0]]).toEqual([0]);
  });

  it('refuse vectors of different models', () => {
    const mismatch = expect.objectContaining({ code: 'SHAPE_MISMATCH' }) as Error;
    expect(() => cosines(vectors([[1]]), vectors([[1, 2]]))).toThrow(mismatch);
    expect(() => cosines(vectors([[1]]), vectors([[1]]), [1, 2])).toThrow(mismatch);
    expect(() => concatenated(vectors([[1]]), vectors([[1], [2]]))).toThrow(mismatch);
  });
});

it('joins the vectors of each item', () => {
  const joined = concatenated(
    vectors([
      [1, 2],
      [3, 4],
    ]),
    vectors([[5], [6]]),
  );
  expect(joined).toEqual(
    vectors([
      [1, 2, 5],
      [3, 4, 6],
    ]),
  );
});

it('has the mean vector', () => {
  expect([
    ...meanVector(
      vectors([
        [1, 2],
        [3, 6],
      ]),
    ),
  ]).toEqual([2, 4]);
});
