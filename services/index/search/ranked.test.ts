import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import type { SamplePoint } from '../stores/signature-store.ts';
import { Best, byRank, type Ranked } from './ranked.ts';

const ranked = (row: number, score: number, hiddenScore = 0, gradientScore = 0): Ranked => ({
  point: { row } as SamplePoint,
  ...{ score, hiddenScore, gradientScore },
});

describe('the best of many', () => {
  it('are those that sorting all would give, whatever order they come in', () => {
    const random = new Random(5);
    for (const count of [1, 7, 100, 500]) {
      // Few different scores, so that many are the same.
      const all = Array.from({ length: 300 }, (_, row) => ranked(row, random.int(4), random.int(3)));
      const best = new Best(count);
      for (const one of random.shuffle(all)) best.add(one);
      expect(best.sorted()).toEqual([...all].sort(byRank).slice(0, count));
    }
  });

  it('have a border as soon as they are full: the lowest score among them', () => {
    const best = new Best(3);
    const borders = [4, 1, 2, 0, 3, 9].map((score, row) => {
      best.add(ranked(row, score));
      return best.border;
    });
    expect(borders).toEqual([undefined, undefined, 1, 1, 2, 3]);
  });

  it('are ordered by score, then by the cosines at p, then by row', () => {
    const [a, b, c, d] = [
      ranked(9, 2),
      ranked(8, 1, 0.1, 0.9),
      ranked(3, 1, 0.5, 0.2),
      ranked(4, 1, 0.2, 0.5),
    ];
    expect([d, c, b, a].sort(byRank).map(({ point }) => point.row)).toEqual([9, 8, 3, 4]);
  });
});
