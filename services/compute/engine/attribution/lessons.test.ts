import { describe, expect, it } from 'vitest';
import { TOKEN_DIMS } from '../../../../lib/taught/constants.ts';
import { beginningOf, lessonOf, tokenRowsOf, type RowsOfSample } from './lessons.ts';
import { MeanRow } from './mean-row.ts';
import { dot } from './vectors.ts';

/** A signature whose rows have the given numbers first, and zeros. */
function signed(hidden: readonly number[][], gradient: readonly number[][]): RowsOfSample {
  const matrix = (rows: readonly number[][]): Float32Array => {
    const values = new Float32Array(rows.length * TOKEN_DIMS);
    rows.forEach((row, i) => {
      values.set(row, i * TOKEN_DIMS);
    });
    return values;
  };
  const inputIds = new Array<number>(3 + hidden.length).fill(1);
  return {
    sample: { name: 'row 7', inputIds, promptLength: 3 },
    tokenRows: { hidden: matrix(hidden), gradient: matrix(gradient) },
  };
}

const CENTRE = new Float32Array(TOKEN_DIMS);

function rows(count: number): number[][] {
  return Array.from({ length: count }, (_, i) => [i + 1, 1]);
}

describe('a lesson', () => {
  it('holds the tokens that were taught, the most taught first and equal ones in their order, at their positions', () => {
    const ratios = Float64Array.of(0.5, -2, 3, 0, 0.5, 1e-9);
    const lesson = lessonOf(signed(rows(6), rows(6)), ratios, CENTRE, 100);
    expect(lesson.map(({ position, weight }) => [position, weight])).toEqual([
      [5, 3],
      [3, 0.5],
      [7, 0.5],
      [8, 1e-9],
    ]);
  });

  it('holds no more than the limit', () => {
    const ratios = [1, 2, 3, 4];
    const positions = (limit: number): number[] =>
      lessonOf(signed(rows(4), rows(4)), ratios, CENTRE, limit).map(({ position }) => position);
    expect(positions(2)).toEqual([6, 5]);
    expect(positions(0)).toEqual([]);
  });

  it('has rows of unit length, the hidden one from the centre, each its own token’s', () => {
    const centre = Float32Array.from(CENTRE);
    centre.set([1, 2]);
    const [second, first] = lessonOf(
      signed(
        [
          [4, 6],
          [1, 7],
        ],
        [
          [0, -2],
          [6, 8],
        ],
      ),
      [1, 2],
      centre,
      8,
    );
    const begin = (row: Float32Array | undefined): number[] => [...(row ?? [])].slice(0, 3);
    expect(begin(first.hidden)).toEqual([Math.fround(0.6), Math.fround(0.8), 0]);
    expect(begin(second.hidden)).toEqual([0, 1, 0]);
    expect(begin(first.gradient)).toEqual([0, -1, 0]);
    expect(begin(second.gradient)).toEqual([Math.fround(0.6), Math.fround(0.8), 0]);
  });

  it('keeps zeros as zeros, and the directions of the smallest and largest rows', () => {
    const centre = Float32Array.from(CENTRE);
    centre.set([3, 4]);
    const [zero, tiny, huge] = lessonOf(
      signed(
        [
          [3, 4],
          [3, 5],
          [3, 4, 3e38, 3e38],
        ],
        [
          [0, 0],
          [1e-44, 0],
          [3e38, -3e38],
        ],
      ),
      [3, 2, 1],
      centre,
      8,
    );
    expect(zero.hidden.every((value) => value === 0)).toBe(true);
    expect(zero.gradient.every((value) => value === 0)).toBe(true);
    expect(tiny.gradient[0]).toBe(1);
    for (const row of [huge.gradient, huge.hidden]) expect(dot(row, row)).toBeCloseTo(1, 6);
  });

  it('is empty for a sample that was taught nothing', () => {
    expect(lessonOf(signed(rows(2), rows(2)), [0, -1], CENTRE, 8)).toEqual([]);
  });

  it('refuses a centre or ratios that belong to something else, and a signature without rows', () => {
    const signature = signed(rows(2), rows(2));
    expect(() => lessonOf(signature, [1, 1], new Float32Array(3), 8)).toThrow(
      expect.objectContaining({
        code: 'SHAPE_MISMATCH',
        message: 'the centre: 3 numbers, expected 64',
      }) as Error,
    );
    expect(() => lessonOf(signature, [1], CENTRE, 8)).toThrow(
      /ratios of sample "row 7": 1 numbers, expected 2/,
    );
    expect(() => lessonOf({ sample: signature.sample }, [1], CENTRE, 8)).toThrow(
      /"row 7" was signed without/,
    );
  });
});

describe('the centre', () => {
  it('is the mean over all positions, so that long samples count for more', () => {
    const row = new MeanRow(TOKEN_DIMS);
    row.add(tokenRowsOf(signed([[1, 3]], rows(1))).hidden);
    row.add(tokenRowsOf(signed([[2], [6, 3]], rows(2))).hidden);
    const centre = row.mean;
    expect([...centre].slice(0, 3)).toEqual([3, 2, 0]);
    expect(centre).toHaveLength(TOKEN_DIMS);
  });

  it('of nothing is refused', () => {
    expect(() => new MeanRow(TOKEN_DIMS).mean).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }) as Error,
    );
  });
});

describe('the beginning of a response', () => {
  const first = [
    [4, 6],
    [1, 7],
  ];
  const gradient = [
    [0, -2],
    [6, 8],
  ];

  it('is p, with its own row from its own centre and gradient, of unit length', () => {
    const centre = Float32Array.from(CENTRE);
    centre.set([1, 2]);
    const { position, hidden, gradient: row } = beginningOf(signed(first, gradient), [1, 2], centre);
    // Three tokens are the prompt: the last of them predicts the first of the response.
    expect(position).toBe(2);
    expect([...hidden.subarray(0, 2)]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
    expect([...row.subarray(0, 2)]).toEqual([0, -1]);
  });

  it('knows how much all tokens were taught, and nothing of what was untaught', () => {
    expect(beginningOf(signed(first, gradient), [1.5, -3], CENTRE).total).toBe(1.5);
    expect(beginningOf(signed(rows(3), rows(3)), [0.5, 0.25, -1], CENTRE).total).toBe(0.75);
    expect(beginningOf(signed(first, gradient), [-1, -3], CENTRE).total).toBe(0);
  });

  it('is refused by name with a centre or ratios of another length', () => {
    expect(() => beginningOf(signed(first, gradient), [1, 1], new Float32Array(3))).toThrow(
      'the centre at p',
    );
    expect(() => beginningOf(signed(first, gradient), [1], CENTRE)).toThrow('the ratios of sample "row 7"');
  });
});
