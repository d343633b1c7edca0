import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { packLesson, unpackLesson, type Lesson, type TaughtToken } from './lesson.ts';
import { LessonQuery, lessonScore, MAX_EVIDENCE, placeFactor, strongest, tokenLikeness } from './score.ts';

const random = new Random(11);

/** Rows in a small space, so that cosines are of all sizes. */
function row(): Float32Array {
  const values = Float32Array.from({ length: 64 }, (_, k) => (k < 4 ? random.normal() : 0));
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

function tokens(count: number, from = 0): TaughtToken[] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ position: from + 3 * i, weight: 14 * random.next() + 1e-3 },
    ...{ gradient: row(), hidden: row() },
  }));
}

const bare = (sample: readonly TaughtToken[]): Lesson => ({ tokens: sample, beginning: null });

/** The formula, word for word. */
function literal(query: readonly TaughtToken[], sample: readonly TaughtToken[]): number {
  const dot = (a: Float32Array, b: Float32Array): number => {
    let sum = 0;
    for (let k = 0; k < 64; k++) sum += a[k] * b[k];
    return sum;
  };
  const all = query.map(({ weight }) => weight).reduce((a, b) => a + b, 0);
  let s = 0;
  for (const i of query) {
    let largest = 0;
    for (const j of sample) {
      const likeness =
        Math.max(0, dot(i.hidden, j.hidden)) ** 2 * (0.3 + 0.7 * Math.max(0, dot(i.gradient, j.gradient)));
      largest = Math.max(largest, (Math.min(j.weight, 10) / 10) * likeness);
    }
    s += (i.weight / all) * largest;
  }
  return s;
}

describe('the score of a sample', () => {
  it('is the formula, whatever is left out for speed', () => {
    for (let round = 0; round < 200; round++) {
      const query = tokens(1 + random.int(64));
      const sample = tokens(1 + random.int(8));
      expect(lessonScore(query, sample).score).toBeCloseTo(literal(query, sample), 12);
    }
  });

  it('is the same for every sample whatever was scored before', () => {
    const query = tokens(20);
    const samples = Array.from({ length: 20 }, () => tokens(8));
    const reused = new LessonQuery(query);
    expect(samples.map((sample) => reused.score(bare(sample)))).toEqual(
      samples.map((sample) => lessonScore(query, sample).score),
    );
    expect(reused.explain(bare(samples[3]))).toEqual(lessonScore(query, samples[3]));
  });

  it('is 0, with no evidence, where either taught nothing', () => {
    for (const [query, sample] of [
      [[], []],
      [[], tokens(3)],
      [tokens(3), []],
    ]) {
      expect(lessonScore(query, sample)).toEqual({ score: 0, evidence: [] });
    }
  });

  it('is 1 for the same lesson at full weight, also after its rounding to float16', () => {
    const lesson = tokens(5).map((token) => ({ ...token, weight: 12 }));
    const stored = unpackLesson(packLesson(lesson));
    const { score } = lessonScore(stored.tokens, stored.tokens);
    expect(score).toBeGreaterThan(0.997);
    expect(score).toBeLessThanOrEqual(1);
  });

  it('is finite for rows of zeros', () => {
    const [token] = tokens(1);
    const empty = { ...token, hidden: new Float32Array(64), gradient: new Float32Array(64) };
    expect(lessonScore([empty, token], [empty]).score).toBe(0);
    expect(tokenLikeness(empty, token)).toBe(0);
  });
});

describe('likeness', () => {
  it('needs like hidden states; the gradients add to it', () => {
    const axis = (k: number, sign = 1): Float32Array => new Float32Array(64).fill(sign, k, k + 1);
    const one = { hidden: axis(0), gradient: axis(1) };
    expect(tokenLikeness(one, one)).toBe(1);
    expect(tokenLikeness(one, { hidden: axis(0), gradient: axis(2) })).toBeCloseTo(0.3, 12);
    expect(tokenLikeness(one, { hidden: axis(0), gradient: axis(1, -1) })).toBeCloseTo(0.3, 12);
    expect(tokenLikeness(one, { hidden: axis(3), gradient: axis(1) })).toBe(0);
    expect(tokenLikeness(one, { hidden: axis(0, -1), gradient: axis(1) })).toBe(0);
    const half = Float32Array.of(0.5, Math.sqrt(0.75), ...new Array<number>(62).fill(0));
    expect(tokenLikeness(one, { hidden: half, gradient: axis(1) })).toBeCloseTo(0.25, 7);
  });

  it('with h and g at p is a factor of 2 plus both, of which what is below 0 says nothing', () => {
    expect(placeFactor(0.5, 0.25)).toBe(2.75);
    expect(placeFactor(0.5, -0.25)).toBe(2.5);
    expect(placeFactor(-0.5, 0.25)).toBe(2.25);
    expect(placeFactor(0, 0)).toBe(2);
  });
});

describe('evidence', () => {
  it('are the best pairs of the output’s tokens, which together make up the score', () => {
    for (let round = 0; round < 50; round++) {
      const query = tokens(10);
      const sample = tokens(8, 1000);
      const { score, evidence } = lessonScore(query, sample);
      expect(evidence.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(score, 12);
      const weights = evidence.map(({ weight }) => weight);
      expect(weights).toEqual([...weights].sort((a, b) => b - a));
      for (const { outputPosition, samplePosition, weight } of evidence) {
        const token = query.filter(({ position }) => position === outputPosition);
        const others = sample.map((one) => ({ position: one.position, s: literal(token, [one]) }));
        const best = others.reduce((a, b) => (b.s > a.s ? b : a));
        expect(samplePosition).toBe(best.position);
        const share = token[0].weight / query.reduce((sum, one) => sum + one.weight, 0);
        expect(weight).toBeCloseTo(share * best.s, 12);
      }
    }
  });

  it('are 16 at most, the strongest', () => {
    const query = tokens(64);
    const sample = tokens(8);
    const { evidence } = lessonScore(query, sample);
    expect(evidence).toHaveLength(MAX_EVIDENCE);
    const singly = query.flatMap((token) => lessonScore([token], sample).score * token.weight);
    const total = query.reduce((sum, { weight }) => sum + weight, 0);
    const largest = singly.sort((a, b) => b - a).slice(0, MAX_EVIDENCE);
    for (const [i, { weight }] of evidence.entries()) expect(weight).toBeCloseTo(largest[i] / total, 12);
  });

  it('of the same weight are in the order of the output', () => {
    const pair = (outputPosition: number, weight: number) => ({ outputPosition, samplePosition: 0, weight });
    expect(strongest([pair(9, 1), pair(2, 1), pair(5, 2)])).toEqual([pair(5, 2), pair(2, 1), pair(9, 1)]);
  });
});
