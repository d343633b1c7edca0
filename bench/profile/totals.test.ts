import { expect, it } from 'vitest';
import { totalsBy } from './totals.ts';

it('sums by key, largest first, with shares of the whole', () => {
  const items = [
    { name: 'a', seconds: 1, work: 10 },
    { name: 'b', seconds: 6, work: 20 },
    { name: 'a', seconds: 1, work: 5 },
  ];
  expect(totalsBy(items, ({ name }) => name)).toEqual([
    { key: 'b', count: 1, seconds: 6, work: 20, share: 0.75 },
    { key: 'a', count: 2, seconds: 2, work: 15, share: 0.25 },
  ]);
});

it('has no shares of nothing', () => {
  expect(totalsBy([{ seconds: 0, work: 0 }], () => 'x')[0].share).toBe(0);
  expect(totalsBy([], () => 'x')).toEqual([]);
});
