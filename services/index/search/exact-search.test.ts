import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleFilter, SignatureStore } from '../stores/signature-store.ts';
import { exactSearch } from './exact-search.ts';
import { scan, type Place, type Ranked } from './ranked.ts';
import { TaughtScorer } from './taught-search.ts';
import { ID, openSearchWorld, SignedMaker, type SearchWorld, type Signed } from './testing.ts';

const ROWS = 700;

let world: SearchWorld;

/** Counts the points that are read whole. */
function counted(filter?: SampleFilter): { readonly place: Place; read: number } {
  const counts = { read: 0 };
  const points: SignatureStore['points'] = (index, ids) => {
    counts.read += ids.length;
    return world.store.points(index, ids);
  };
  const store = new Proxy(world.store, {
    get: (of, name) => {
      if (name === 'points') return points;
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? (value.bind(of) as unknown) : value;
    },
  });
  return Object.assign(counts, { place: { store, index: ID, filter } });
}

function scorerOf(asked: readonly Signed[], prompted = true): TaughtScorer {
  const query = {
    queries: asked.map(({ layers }) => layers),
    lessons: asked.map(({ lesson }) => lesson),
    beginnings: asked.map(({ beginning }) => beginning),
    prompted,
  };
  return new TaughtScorer(query, world.about);
}

const told = (ranked: readonly Ranked[]): readonly (readonly [number, number])[] =>
  ranked.map(({ point, score }) => [point.row, score]);

describe.each(['taught 1', 'taught 2'] as const)('an exact search in an index of the method %s', (method) => {
  beforeAll(async () => {
    world = await openSearchWorld({ rows: ROWS, method });
  });
  afterAll(() => world.close());

  it('has the rows and the scores, to the last bit, of scoring every sample', async () => {
    const maker = new SignedMaker(90);
    for (let round = 0; round < 12; round++) {
      // Of a group, whose lesson some samples share, and of none, whose scores are all low.
      const asked = [maker.next(1 + 3 * round, round % 2 === 0 ? round % 5 : 99)];
      if (round % 3 === 0) asked.push(maker.next(20, 99));
      for (const [top, prompted] of [
        [1, true],
        [20, round % 4 !== 0],
        [100, true],
      ] as const) {
        const scorer = scorerOf(asked, prompted);
        const { place } = counted();
        expect(told(await exactSearch(place, scorer, top))).toEqual(
          told(await scan(place, top, scorer.score)),
        );
      }
    }
  });

  it('reads few of the samples whole, where some of them taught what is asked', async () => {
    const counts = counted();
    await exactSearch(counts.place, scorerOf([new SignedMaker(91).next(12, 3)]), 5);
    expect(counts.read).toBeGreaterThanOrEqual(5);
    expect(counts.read).toBeLessThan(ROWS / 2);
  });

  it('goes by the filter', async () => {
    const scorer = scorerOf([new SignedMaker(92).next(12, 1)]);
    for (const filter of [{ labels: ['odd'] }, { rows: [1, 2, 3, 600, 9000] }, { labels: [] }]) {
      const { place } = counted(filter);
      expect(told(await exactSearch(place, scorer, 10))).toEqual(told(await scan(place, 10, scorer.score)));
    }
  });

  it('lists by the cosines at p where nothing, or too little, was taught', async () => {
    const maker = new SignedMaker(93);
    const nothing = { ...maker.next(), lesson: [] };
    for (const asked of [[nothing], [maker.next(1, 99)], [nothing, maker.next(1, 99)]]) {
      const scorer = scorerOf(asked);
      const { place } = counted();
      const found = await exactSearch(place, scorer, ROWS + 5);
      expect(found).toHaveLength(ROWS);
      expect(told(found)).toEqual(told(await scan(place, ROWS, scorer.score)));
    }
  });
});
