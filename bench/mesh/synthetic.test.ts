import { expect, it } from 'vitest';
import { syntheticPoints, unitBlocks } from './synthetic.ts';

const shape = { layers: [1, 3], width: 8, taught: false };
const texts = [
  { prompt: 'a', response: 'b', label: 'c' },
  { prompt: 'd', response: 'e', label: 'f' },
];

it('has blocks of norm 1', () => {
  const vector = unitBlocks(shape, 5);
  expect(vector).toHaveLength(32);
  for (let from = 0; from < 32; from += 8) {
    expect(Math.hypot(...vector.subarray(from, from + 8))).toBeCloseTo(1, 6);
  }
});

it('is the same whatever piece is asked for, and never the same point twice', () => {
  const all = syntheticPoints(shape, texts, 0, 10);
  expect(syntheticPoints(shape, texts, 4, 10)).toEqual(all.slice(4));
  expect(new Set(all.map(({ id }) => id)).size).toBe(10);
  expect(new Set(all.map(({ vector }) => vector[0])).size).toBe(10);
  expect(all[3]).toMatchObject({ prompt: 'd', row: 1_000_003 });
});
