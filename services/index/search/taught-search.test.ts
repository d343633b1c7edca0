import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bruteForceTaught } from '../../../test/mesh/brute-force.ts';
import { LessonQuery, tokenLikeness, weightOf } from '../../../lib/taught/score.ts';
import type { Ranked } from './ranked.ts';
import { TaughtScorer, taughtSearch, twoStages, type TaughtQuery } from './taught-search.ts';
import { ID, openSearchWorld, SignedMaker, type SearchWorld, type Signed } from './testing.ts';

let world: SearchWorld;
beforeAll(async () => {
  world = await openSearchWorld({ rows: 600 });
});
afterAll(() => world.close());

const place = (filter?: { readonly labels: readonly string[] }) => ({
  store: world.store,
  index: ID,
  filter,
});

function queryOf(signed: readonly Signed[], prompted = true): TaughtQuery {
  return {
    queries: signed.map(({ layers }) => layers),
    lessons: signed.map(({ lesson }) => lesson),
    beginnings: signed.map(({ beginning }) => beginning),
    prompted,
  };
}

const scorerOf = (query: TaughtQuery): TaughtScorer => new TaughtScorer(query, world.about);
const rowsOf = (ranked: readonly Ranked[]): number[] => ranked.map(({ point }) => point.row);

describe('a search by taught tokens', () => {
  it.each([
    ['one output', 1, true],
    ['several outputs', 4, true],
    ['outputs without prompts', 2, false],
  ])('for %s has the scores and the order of the formula', async (_what, count, prompted) => {
    const maker = new SignedMaker(77);
    const asked = Array.from({ length: count }, () => maker.next(20));
    const query = queryOf(asked, prompted);
    const { ranked, exact } = await taughtSearch(place(), scorerOf(query), { top: 600, exact: true });
    const expected = bruteForceTaught(asked, world.samples, world.centres, prompted);
    expect(exact).toBe(true);
    expect(rowsOf(ranked)).toEqual(expected.map(({ row }) => row));
    for (const [i, { score, hiddenScore, gradientScore }] of ranked.entries()) {
      expect(score).toBeCloseTo(expected[i].score, 5);
      expect(hiddenScore).toBeCloseTo(expected[i].hiddenScore, 5);
      expect(gradientScore).toBeCloseTo(expected[i].gradientScore, 5);
    }
    if (!prompted) expect(ranked.every(({ hiddenScore }) => hiddenScore === 0)).toBe(true);
  });

  it('in two stages finds what brute force finds, with the same scores to the last bit', async () => {
    const maker = new SignedMaker(78);
    for (const prompted of [true, false]) {
      for (let round = 0; round < 5; round++) {
        const query = queryOf([maker.next(12, round), maker.next(30, round)], prompted);
        const scorer = scorerOf(query);
        const { ranked: all } = await taughtSearch(place(), scorer, { top: 600, exact: true });
        const found = await twoStages(place(), scorer, 20);
        expect(rowsOf(found)).toEqual(rowsOf(all.slice(0, 20)));
        expect(found.map(({ score }) => score)).toEqual(all.slice(0, 20).map(({ score }) => score));
      }
    }
  });

  it('finds samples that are near by their lesson alone', async () => {
    // Far from every sample at p: neither h nor g leads to those of the group.
    const maker = new SignedMaker(79);
    const query = queryOf([maker.next(8, 2)]);
    const scorer = scorerOf(query);
    const brute = await taughtSearch(place(), scorer, { top: 10, exact: true });
    const wanted = rowsOf(brute.ranked);
    const byPlace = await world.store.search(ID, { query: scorer.placeQuery, top: 256, exact: true });
    const near = new Set(byPlace.map(({ point }) => point.row));
    expect(wanted.some((row) => !near.has(row))).toBe(true);
    expect(rowsOf(await twoStages(place(), scorer, 10))).toEqual(wanted);
  });

  it('goes by the filter, in two stages and in one', async () => {
    const query = queryOf([new SignedMaker(80).next(16)]);
    const scorer = scorerOf(query);
    const odd = place({ labels: ['odd'] });
    const all = await taughtSearch(place(), scorer, { top: 600, exact: true });
    const wanted = rowsOf(all.ranked).filter((row) => row % 2 === 1);
    expect(wanted).toHaveLength(300);
    const exact = await taughtSearch(odd, scorer, { top: 600, exact: true });
    expect(rowsOf(exact.ranked)).toEqual(wanted);
    expect(rowsOf(await twoStages(odd, scorer, 15))).toEqual(wanted.slice(0, 15));
  });

  it('compares with all of a small index, also when nobody asks for exactness', async () => {
    const query = queryOf([new SignedMaker(81).next()]);
    expect((await taughtSearch(place(), scorerOf(query), { top: 5, exact: false })).exact).toBe(true);
  });
});

describe('an output that was taught nothing', () => {
  const nothing = (query: TaughtQuery): TaughtQuery => ({ ...query, beginnings: null });

  it('and does not begin has the score 0 with every sample, and lists those that are nearest at p', async () => {
    const asked = { ...new SignedMaker(82).next(), lesson: [] };
    const scorer = scorerOf(nothing(queryOf([asked])));
    const expected = bruteForceTaught(
      [asked],
      world.samples.map(({ layers }) => ({ layers, lesson: [] })),
      world.centres,
      true,
      2,
    );
    for (const ranked of [
      (await taughtSearch(place(), scorer, { top: 10, exact: true })).ranked,
      await twoStages(place(), scorer, 10),
    ]) {
      expect(ranked.map(({ score }) => score)).toEqual(new Array(10).fill(0));
      expect(scorer.evidence(ranked[0].point)).toEqual([]);
    }
    const { ranked } = await taughtSearch(place(), scorer, { top: 10, exact: true });
    const place0 = ({ hiddenScore, gradientScore }: { hiddenScore: number; gradientScore: number }): number =>
      hiddenScore + gradientScore;
    const nearest = [...expected].sort((a, b) => place0(b) - place0(a) || a.row - b.row);
    expect(rowsOf(ranked)).toEqual(nearest.slice(0, 10).map(({ row }) => row));
  });

  it('has the likeness at p for a score', async () => {
    const asked = { ...new SignedMaker(82).next(), lesson: [] };
    const scorer = scorerOf(queryOf([asked]));
    const { ranked } = await taughtSearch(place(), scorer, { top: 5, exact: true });
    for (const { point, score } of ranked) {
      const { beginning } = world.samples[point.row];
      expect(score).toBeCloseTo(tokenLikeness(asked.beginning, beginning), 12);
      expect(scorer.evidence(point)).toEqual([
        { output: 0, outputPosition: 5, samplePosition: 5, weight: score },
      ]);
    }
    const all = world.samples.map(({ beginning }) => tokenLikeness(asked.beginning, beginning));
    expect(ranked[4].score).toBeCloseTo([...all].sort((a, b) => b - a)[4], 12);
  });

  it('beside one that was taught something counts as 0 in the mean', async () => {
    const one = new SignedMaker(83).next(10);
    const query = nothing(queryOf([one, { ...one, lesson: [] }]));
    const { ranked } = await taughtSearch(place(), scorerOf(query), { top: 3, exact: true });
    const alone = nothing(queryOf([one]));
    const whole = await taughtSearch(place(), scorerOf(alone), { top: 3, exact: true });
    expect(rowsOf(ranked)).toEqual(rowsOf(whole.ranked));
    for (const [i, { score }] of ranked.entries()) expect(score).toBeCloseTo(whole.ranked[i].score / 2, 12);
  });
});

describe('evidence', () => {
  it('names the output and adds up to what the score is made of', async () => {
    const maker = new SignedMaker(84);
    const asked = [maker.next(6), maker.next(6)];
    const query = queryOf(asked);
    const scorer = scorerOf(query);
    const { ranked } = await taughtSearch(place(), scorer, { top: 20, exact: true });
    for (const { point, score } of ranked) {
      const evidence = scorer.evidence(point);
      expect(evidence.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(score, 12);
      const { lesson, beginning } = world.samples[point.row];
      for (const { output, outputPosition, samplePosition, weight } of evidence) {
        const asked = scorer.outputs[output];
        const tokens = asked.tokens.filter(({ position }) => position === outputPosition);
        const first = asked.beginning?.position === outputPosition ? asked.beginning : null;
        expect(tokens.length + (first === null ? 0 : 1)).toBe(1);
        const partner = {
          tokens: lesson.filter(({ position }) => position === samplePosition),
          beginning: beginning.position === samplePosition ? beginning : null,
        };
        const own = weightOf({ tokens, beginning: first });
        const alone = new LessonQuery(tokens, first).score(partner);
        expect(weight).toBeCloseTo(((own / weightOf(asked)) * alone) / 2, 12);
      }
    }
  });

  it('is 16 pairs at most, over all outputs, the strongest first', async () => {
    const maker = new SignedMaker(85);
    const query = queryOf([maker.next(64), maker.next(64)]);
    const scorer = scorerOf(query);
    const { ranked } = await taughtSearch(place(), scorer, { top: 1, exact: true });
    const weights = scorer.evidence(ranked[0].point).map(({ weight }) => weight);
    expect(weights).toHaveLength(16);
    expect(weights).toEqual([...weights].sort((a, b) => b - a));
  });
});
