import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { beginningRarity, beginningWeight, weighOutput } from './beginning.ts';
import { BEGINNING_WEIGHT, TOKEN_DIMS } from './constants.ts';
import { lessonTotal, type Lesson, type ProjectedRows, type TaughtToken } from './lesson.ts';
import { rarities } from './rarity.ts';
import { LessonQuery, tokenLikeness } from './score.ts';

/** Rows on an axis of their own: of two, like or not at all alike. */
function rows(axis: number): ProjectedRows {
  const row = new Float32Array(TOKEN_DIMS);
  row[axis] = 1;
  return { hidden: row, gradient: row };
}
const token = (axis: number, weight = 10): TaughtToken => ({ position: 10 + axis, weight, ...rows(axis) });
const begins = (axis: number) => ({ position: 3, ...rows(axis) });
const lesson = (tokens: readonly TaughtToken[], axis: number, total = lessonTotal(tokens)): Lesson => ({
  tokens,
  beginning: { ...begins(axis), total },
});

describe('what p weighs', () => {
  it('is more the less of what was taught the kept tokens hold', () => {
    const half = [lesson([token(0, 4)], 0, 4), lesson([token(1, 1)], 0, 6)];
    expect(beginningWeight(half)).toBeCloseTo(BEGINNING_WEIGHT / Math.sqrt(5 / 10), 12);
    expect(beginningWeight([lesson([token(0, 1)], 0, 16)])).toBeCloseTo(4 * BEGINNING_WEIGHT, 12);
  });

  it('is as if all were kept where all is, where nothing was taught, and where totals fall short by rounding', () => {
    const all = [
      [],
      [lesson([], 0)],
      [lesson([token(0)], 0)],
      [lesson([token(0)], 0, 10 - 1e-6)],
      [{ tokens: [token(0)], beginning: null }],
    ];
    for (const samples of all) expect(beginningWeight(samples)).toBe(BEGINNING_WEIGHT);
  });

  it('falls with how many samples begin alike, to 0 where all do', () => {
    const samples = [lesson([], 0), lesson([], 0), lesson([], 1), lesson([], 2)];
    expect(beginningRarity(begins(0), samples)).toBeCloseTo(Math.log(5 / 3), 12);
    expect(beginningRarity(begins(1), samples)).toBeCloseTo(Math.log(5 / 2), 12);
    expect(beginningRarity(begins(5), samples)).toBeCloseTo(Math.log(5), 12);
    expect(beginningRarity(begins(0), samples.slice(0, 2))).toBe(0);
    expect(beginningRarity(begins(0), [])).toBe(0);
    expect(beginningRarity(begins(0), [{ tokens: [], beginning: null }])).toBeCloseTo(Math.log(2), 12);
  });
});

describe('an output that is weighed', () => {
  const samples = [lesson([token(0), token(1)], 0, 80), lesson([token(0)], 1, 40), lesson([token(2)], 1, 40)];

  it('has tokens by their share and rarity, and p by β and its rarity', () => {
    const tokens = [token(0, 3), token(1, 1)];
    const { tokens: weighed, beginning } = weighOutput({ tokens, beginning: begins(1) }, samples);
    const factors = rarities(
      tokens,
      samples.map((sample) => sample.tokens),
    );
    expect(weighed.map(({ weight }) => weight)).toEqual([0.75 * factors[0], 0.25 * factors[1]]);
    // 40 of 160 nats are kept, and two of three samples begin so.
    expect(beginning?.weight).toBeCloseTo((BEGINNING_WEIGHT / Math.sqrt(0.25)) * Math.log(4 / 3), 12);
  });

  it('without a beginning is what its tokens make it alone', () => {
    const { beginning } = weighOutput({ tokens: [token(0)], beginning: null }, samples);
    expect(beginning).toBeNull();
  });

  it('that every sample has all of counts by its shares and β', () => {
    const same = [lesson([token(0)], 0, 40)];
    const { tokens, beginning } = weighOutput({ tokens: [token(0, 7)], beginning: begins(0) }, same);
    expect(tokens[0].weight).toBe(1);
    expect(beginning?.weight).toBeCloseTo(2 * BEGINNING_WEIGHT, 12);
  });
});

describe('score 3', () => {
  const random = new Random(23);
  const near = (): ProjectedRows => {
    const unit = (): Float32Array => {
      const values = Float32Array.from({ length: TOKEN_DIMS }, (_, k) => (k < 4 ? random.normal() : 0));
      return values.map((value) => value / Math.hypot(...values));
    };
    return { hidden: unit(), gradient: unit() };
  };
  const made = (count: number): Lesson => {
    const tokens = Array.from({ length: count }, (_, i) => ({
      ...{ position: 4 + i, weight: 12 * random.next() },
      ...near(),
    }));
    return { tokens, beginning: { position: 3, total: 3 * lessonTotal(tokens) + 1, ...near() } };
  };
  const samples = Array.from({ length: 30 }, () => made(random.int(9)));

  it('is the sum of its evidence, p of both among it, which no word is', () => {
    const output = made(6);
    const { tokens, beginning } = weighOutput(output, samples);
    const query = new LessonQuery(tokens, beginning);
    let met = 0;
    for (const sample of samples) {
      const { score, evidence } = query.explain(sample);
      expect(evidence.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(score, 12);
      const pairs = evidence.filter(({ outputPosition }) => outputPosition === 3);
      met += pairs.length;
      for (const { samplePosition, weight } of pairs) {
        expect(samplePosition).toBe(3);
        const all = lessonTotal(tokens) + (beginning?.weight ?? 0);
        const [p, q] = [output.beginning, sample.beginning];
        if (p === null || q === null) throw new Error('both begin');
        expect(weight).toBeCloseTo(((beginning?.weight ?? 0) / all) * tokenLikeness(p, q), 12);
      }
    }
    expect(met).toBeGreaterThan(5);
  });

  it('is from 0 to 1: 1 for the same lesson, fully taught, and beginning', () => {
    const same = lesson([token(0, 12), token(1, 11)], 2);
    const others = Array.from({ length: 9 }, () => made(8));
    const { tokens, beginning } = weighOutput(same, [same, ...others]);
    expect(new LessonQuery(tokens, beginning).score(same)).toBeCloseTo(1, 12);
    const query = weighOutput(made(6), samples);
    for (const sample of samples) {
      const score = new LessonQuery(query.tokens, query.beginning).score(sample);
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
  });
});
