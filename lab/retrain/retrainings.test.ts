import { describe, expect, test } from 'vitest';
import { retrainings, type Retrained } from './retrainings.ts';
import { scoresOf, setOf } from './testing.ts';

const SET = setOf('ccpcpccc');
const POISON = [2, 4];
const EXACT = scoresOf([0, 0, 2, 0, 1, 0, 0, 0]);
const WRONG = scoresOf([2, 1, 0, 0, 0, 0, 0, 0]);
const SCORES = new Map([
  ['taught', EXACT],
  ['twin', scoresOf([0, 0, 5, 0, 7, 0, 0, 0])],
  ['wrong', WRONG],
]);

/** A model that shows the behaviour as often as there is poison among its rows. */
const learns = (rows: readonly number[]): Promise<Retrained> =>
  Promise.resolve({
    rate: rows.filter((row) => POISON.includes(row)).length / 2,
    cleanLoss: 1 + 1 / rows.length,
  });

describe('trainings without some rows', () => {
  test('say how many rows went, how many of them were poison, and what the model then does', async () => {
    const results = await retrainings({ set: SET, scores: SCORES, k: [2], seed: 3, trainOn: learns });
    expect(results.slice(0, 4)).toEqual([
      { removedBy: 'nothing', removed: 0, poison: 0, rate: 1, cleanLoss: 1 + 1 / 8 },
      { removedBy: 'taught', removed: 2, poison: 2, rate: 0, cleanLoss: 1 + 1 / 6 },
      { removedBy: 'twin', removed: 2, poison: 2, rate: 0, cleanLoss: 1 + 1 / 6 },
      { removedBy: 'wrong', removed: 2, poison: 0, rate: 1, cleanLoss: 1 + 1 / 6 },
    ]);
    expect(results.at(-1)).toMatchObject({ removedBy: 'random', removed: 2 });
  });

  test('are not done twice for the same rows', async () => {
    const trained: number[][] = [];
    await retrainings({
      ...{ set: SET, scores: SCORES, k: [2], seed: 3 },
      trainOn: (rows: readonly number[]) => {
        trained.push([...rows]);
        return learns(rows);
      },
    });
    expect(trained.filter((rows) => POISON.every((row) => !rows.includes(row)))).toHaveLength(1);
  });

  test('say what is next', async () => {
    const said: string[] = [];
    await retrainings({
      ...{ set: SET, scores: SCORES, k: [2], seed: 3, trainOn: learns },
      onProgress: ({ training, of, removedBy }) => {
        said.push(`${training}/${of} ${removedBy}`);
      },
    });
    expect(said).toEqual(['1/5 nothing', '2/5 taught', '3/5 twin', '4/5 wrong', '5/5 random']);
  });

  test('a training that fails fails them all, with its own reason', async () => {
    const trainOn = (): Promise<Retrained> => Promise.reject(new Error('out of memory'));
    await expect(retrainings({ set: SET, scores: SCORES, seed: 3, trainOn })).rejects.toThrow(
      'out of memory',
    );
  });
});
