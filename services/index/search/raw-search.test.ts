import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bruteForceRaw } from '../../../test/mesh/brute-force.ts';
import type { SearchRequest } from '../stores/signature-store.ts';
import { rawSearch } from './raw-search.ts';
import { ID, openSearchWorld, SHAPE, SignedMaker, type SearchWorld } from './testing.ts';

let world: SearchWorld;
beforeAll(async () => {
  world = await openSearchWorld({ rows: 400 });
});
afterAll(() => world.close());

const place = () => ({ store: world.store, index: ID, filter: undefined });

describe('the released formula', () => {
  it('has the scores and the order of cosines of plain concatenations', async () => {
    const maker = new SignedMaker(90);
    for (const count of [1, 3]) {
      const queries = Array.from({ length: count }, () => maker.next().layers);
      const { ranked, exact } = await rawSearch(place(), { queries, top: 400, exact: true }, SHAPE);
      const expected = bruteForceRaw(
        queries,
        world.samples.map(({ layers }) => layers),
      );
      expect(exact).toBe(true);
      expect(ranked.map(({ point }) => point.row)).toEqual(expected.map(({ row }) => row));
      for (const [i, { score }] of ranked.entries()) expect(score).toBeCloseTo(expected[i].score, 6);
    }
  });

  it('finds the same among candidates by h, of which it asks the store for more than it gives', async () => {
    const asked: SearchRequest[] = [];
    const store = {
      count: () => Promise.resolve(1_000_000),
      search: (index: string, request: SearchRequest) => {
        asked.push(request);
        return world.store.search(index, request);
      },
    };
    const queries = [new SignedMaker(91).next().layers];
    const whole = await rawSearch(place(), { queries, top: 20, exact: true }, SHAPE);
    const watched = {
      ...place(),
      store: Object.assign(Object.create(world.store) as typeof world.store, store),
    };
    const found = await rawSearch(watched, { queries, top: 20, exact: false }, SHAPE);
    expect(found.exact).toBe(false);
    expect(found.ranked).toEqual(whole.ranked);
    expect(asked.map(({ top }) => top)).toEqual([296]);
  });
});
