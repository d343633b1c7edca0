import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bruteForceRaw, bruteForceTaught } from '../../../test/mesh/brute-force.ts';
import { fittingCount, searchIndex, type SearchAnswer, type SearchQuestion } from './search-index.ts';
import { measureTaughtRecall } from './taught-recall.ts';
import { SCANNED_LESSONS } from './taught-search.ts';
import { ID, openSearchWorld, SignedMaker, type SearchWorld } from './testing.ts';

describe('fittingCount', () => {
  const hit = (bytes: number): unknown => ({ sample: { prompt: 'x'.repeat(bytes) } });

  it('takes as many hits as a message holds', () => {
    expect(fittingCount([hit(1000), hit(1000), hit(1000)], 3500)).toBe(2);
    expect(fittingCount([hit(1000), hit(1000), hit(1000)], 10_000)).toBe(3);
    expect(fittingCount([], 2000)).toBe(0);
  });

  it('takes one that is too large, for the bus to name', () => {
    expect(fittingCount([hit(9000), hit(10)], 3500)).toBe(1);
  });
});

/** The best rows of this question and their scores as the version before the method taught 2 gave them. */
const AS_EVER = [
  0.8280418510579063, 0.7979904026684778, 0.7686066160008227, 0.7433719318381361, 0.7356125995198007,
  0.7244770523090069, 0.6687593644485561, 0.6343246976965937, 0.6224248731180898, 0.6213307754518823,
];
const ROWS_AS_EVER = [42, 115, 139, 24, 119, 3, 278, 126, 102, 77];

const asked = new SignedMaker(60).next(20);

function question(change: Partial<SearchQuestion> = {}): SearchQuestion {
  return {
    ...{ index: ID, queries: [asked.layers], method: 'TAUGHT', lessons: [asked.lesson], prompted: true },
    beginnings: [asked.beginning],
    ...{ alpha: 0.5, top: 10, skip: 0, filter: null, exact: false },
    ...change,
  };
}

const search = (
  world: SearchWorld,
  change?: Partial<SearchQuestion>,
  maxPayload = 1e6,
  scanned?: number,
): Promise<SearchAnswer> => searchIndex({ ...world, maxPayload, scanned }, question(change));
const rowsOf = ({ hits }: SearchAnswer): number[] => hits.map(({ sample }) => sample.row);

describe('index.search', () => {
  let world: SearchWorld;
  beforeAll(async () => {
    world = await openSearchWorld({ rows: 300 });
  });
  afterAll(() => world.close());

  it('by taught tokens answers with the formula’s rows, their evidence, and no numbers of the store', async () => {
    const answer = await search(world);
    const expected = bruteForceTaught([asked], world.samples, world.centres, true);
    expect(rowsOf(answer)).toEqual(expected.slice(0, 10).map(({ row }) => row));
    expect(answer).toMatchObject({ more: false, exact: true, recall: 1 });
    const [{ sample, evidence, score }] = answer.hits;
    expect(sample).toMatchObject({ prompt: `prompt ${sample.row}`, taught: expect.any(Number) as unknown });
    expect(Object.keys(sample)).not.toEqual(expect.arrayContaining(['lesson']));
    const s = (evidence ?? []).reduce((sum, { weight }) => sum + weight, 0);
    expect(s).toBeCloseTo(score, 2);
  });

  it('by the released formula answers with its rows, and no evidence', async () => {
    const answer = await search(world, { method: 'RAW', lessons: null });
    const expected = bruteForceRaw(
      [asked.layers],
      world.samples.map(({ layers }) => layers),
    );
    expect(rowsOf(answer)).toEqual(expected.slice(0, 10).map(({ row }) => row));
    expect(answer).toMatchObject({ exact: true, recall: 1 });
    expect(answer.hits.every(({ evidence }) => evidence === null)).toBe(true);
  });

  it('by RepT ranks an index with lessons as one without', async () => {
    const other = await openSearchWorld({ rows: 300, taught: false });
    const change = { method: 'REPT', lessons: null, alpha: 0.3 } as const;
    const [one, two] = [await search(world, change), await search(other, change)];
    await other.close();
    expect(one.hits.map(({ score }) => score)).toEqual(two.hits.map(({ score }) => score));
    expect(one.hits.every(({ evidence }) => evidence === null)).toBe(true);
    expect(one.hits[0].score).toBeCloseTo(
      0.3 * one.hits[0].hiddenScore + 0.7 * one.hits[0].gradientScore,
      12,
    );
  });

  it.each(['TAUGHT', 'RAW', 'REPT'] as const)(
    'by %s goes by the filter, and by what is known',
    async (method) => {
      const odd = await search(world, { method, filter: { labels: ['odd'] } });
      expect(odd.hits).toHaveLength(10);
      expect(rowsOf(odd).every((row) => row % 2 === 1)).toBe(true);
      const rest = await search(world, { method, filter: { labels: ['odd'] }, skip: 4 });
      expect(rest.hits).toEqual(odd.hits.slice(4));
      expect((await search(world, { method, filter: { rows: [] } })).hits).toEqual([]);
      await expect(search(world, { method, filter: { labels: ['none'] } })).rejects.toMatchObject({
        code: 'INPUT_INVALID',
      });
    },
  );

  it('gives in several answers what one message cannot hold', async () => {
    const whole = await search(world, { top: 40 });
    const hits: SearchAnswer['hits'][number][] = [];
    for (let more = true; more;) {
      const answer = await search(world, { top: 40, skip: hits.length }, 8_000);
      hits.push(...answer.hits);
      ({ more } = answer);
      expect(answer.hits.length).toBeLessThan(40);
    }
    expect(hits).toEqual(whole.hits);
  });

  const [token] = asked.lesson;
  const beginningOf = (change: object): Partial<SearchQuestion> => ({
    beginnings: [{ ...asked.beginning, ...change }],
  });
  const lessonOf = (change: object): Partial<SearchQuestion> => ({ lessons: [[{ ...token, ...change }]] });
  it.each<[string, Partial<SearchQuestion>, string]>([
    ['no lessons', { lessons: null }, 'INPUT_INVALID'],
    ['fewer lessons than outputs', { lessons: [] }, 'INPUT_INVALID'],
    ['too many tokens', { lessons: [new Array<typeof token>(65).fill(token)] }, 'INPUT_INVALID'],
    ['a weight of 0', lessonOf({ weight: 0 }), 'INPUT_INVALID'],
    ['a position before the text', lessonOf({ position: -1 }), 'INPUT_INVALID'],
    ['a weight that is not finite', lessonOf({ weight: Infinity }), 'NOT_FINITE'],
    ['a row that is not finite', lessonOf({ hidden: new Float32Array(64).fill(NaN) }), 'NOT_FINITE'],
    ['rows of another length', lessonOf({ gradient: new Float32Array(32) }), 'SHAPE_MISMATCH'],
    ['fewer beginnings than outputs', { beginnings: [] }, 'INPUT_INVALID'],
    ['a beginning without a position', beginningOf({ position: 0.5 }), 'INPUT_INVALID'],
    ['a beginning of another length', beginningOf({ hidden: new Float32Array(8) }), 'SHAPE_MISMATCH'],
    [
      'a beginning that is not finite',
      beginningOf({ gradient: new Float32Array(64).fill(NaN) }),
      'NOT_FINITE',
    ],
    ['no query', { queries: [], lessons: [] }, 'INPUT_INVALID'],
    ['too high a top', { top: 1001 }, 'INPUT_INVALID'],
    ['no index', { index: 'nonsense' }, 'INDEX_NOT_FOUND'],
  ])('refuses %s', async (_what, change, code) => {
    await expect(search(world, change)).rejects.toMatchObject({ code });
  });

  it('minds alpha of RepT only', async () => {
    await expect(search(world, { alpha: 7 })).resolves.toBeDefined();
    await expect(search(world, { alpha: 7, method: 'REPT' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });
});

describe('an index that was made by the method taught 1', () => {
  let world: SearchWorld;
  beforeAll(async () => {
    world = await openSearchWorld({ rows: 300, method: 'taught 1' });
  });
  afterAll(() => world.close());

  it('is searched by score 2, as it ever was, whether the output comes with a beginning or not', async () => {
    const expected = bruteForceTaught([asked], world.samples, world.centres, true, 2);
    for (const beginnings of [[asked.beginning], null]) {
      const answer = await search(world, { beginnings });
      expect(rowsOf(answer)).toEqual(expected.slice(0, 10).map(({ row }) => row));
      expect(rowsOf(answer)).toEqual(ROWS_AS_EVER);
      for (const [i, hit] of answer.hits.entries()) {
        expect(hit.score).toBeCloseTo(expected[i].score, 5);
        expect(hit.score).toBeCloseTo(AS_EVER[i], 12);
        const s = (hit.evidence ?? []).reduce((sum, { weight }) => sum + weight, 0);
        const factor = 2 + Math.max(0, hit.hiddenScore) + Math.max(0, hit.gradientScore);
        expect(s * factor).toBeCloseTo(hit.score, 2);
        expect(hit.evidence?.some(({ samplePosition }) => samplePosition === 5)).toBe(false);
      }
    }
  });

  it('is not searched as a new one is', async () => {
    const other = await openSearchWorld({ rows: 300 });
    const [one, two] = [await search(world), await search(other)];
    expect(one.hits.map(({ score }) => score)).not.toEqual(two.hits.map(({ score }) => score));
    await other.close();
  });
});

describe('an index without a base model', () => {
  let world: SearchWorld;
  beforeAll(async () => {
    world = await openSearchWorld({ rows: 20, taught: false });
  });
  afterAll(() => world.close());

  it('refuses taught tokens by name, with what to do', async () => {
    await expect(search(world)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('"demo" was built without a base model') as unknown,
      remedy: expect.stringMatching(/base.*REPT/) as unknown,
    });
  });

  it('is not mistaken for one that is still compared with its base', async () => {
    const { records, record } = world;
    await records.change(ID, () => ({ base: record.model }));
    for (const method of ['TAUGHT', 'REPT'] as const) {
      await expect(search(world, { method })).rejects.toMatchObject({ code: 'INDEX_NOT_FOUND' });
    }
  });
});

describe('a large index', () => {
  let world: SearchWorld | undefined;
  afterEach(async () => {
    await world?.close();
  });

  it('is searched in two stages, unless all of it is asked for, and tells what they find', async () => {
    const opened = await openSearchWorld({ rows: 1500 });
    world = opened;
    const [most, few] = [1499, 750];
    const ask = (change?: Partial<SearchQuestion>): Promise<SearchAnswer> =>
      search(opened, change, undefined, most);
    const two = await ask();
    expect(two).toMatchObject({ exact: false, recall: null });
    const recall = await measureTaughtRecall(world.store, ID, world.about, most);
    expect(recall).toBeGreaterThan(0);
    expect(recall).toBeLessThanOrEqual(1);
    await world.records.change(ID, () => ({ taughtRecall: recall }));
    expect(await ask()).toMatchObject({ exact: false, recall });
    const whole = await ask({ exact: true });
    expect(whole).toMatchObject({ exact: true, recall: 1 });
    expect(rowsOf(two)).toEqual(rowsOf(whole));
    expect(two.hits).toEqual(whole.hits);
    expect(await search(world, { method: 'RAW' })).toMatchObject({ exact: false, recall: null });
    // What a filter leaves is few.
    const odd = await search(world, { filter: { labels: ['odd'] } }, undefined, few);
    expect(odd).toMatchObject({ exact: true, recall: 1 });
  });

  it('is one of more than some thousand samples: others are all compared, and nothing is measured', async () => {
    world = await openSearchWorld({ rows: 1500 });
    expect(SCANNED_LESSONS).toBeGreaterThan(1500);
    const all = await search(world);
    expect(all).toMatchObject({ exact: true, recall: 1 });
    expect((await search(world, { exact: true })).hits).toEqual(all.hits);
    expect(await measureTaughtRecall(world.store, ID, world.about)).toBeNull();
  });
});
