import { describe, expect, it } from 'vitest';
import { weighOutput } from '../../../lib/taught/beginning.ts';
import { KEPT_TOKENS } from '../../../lib/taught/constants.ts';
import { packLesson, TOKEN_BYTES, unpackLesson } from '../../../lib/taught/lesson.ts';
import { LessonQuery, type WeighedOutput } from '../../../lib/taught/score.ts';
import { PackedScorer } from './packed-scorer.ts';
import { SignedMaker, type Signed } from './testing.ts';

/** With and without beginnings, and nothing at all. */
const samples = ((): Uint8Array[] => {
  const maker = new SignedMaker(11);
  const made = Array.from({ length: 200 }, (_, i) => {
    const { lesson, beginning } = maker.next();
    return packLesson(lesson, i % 4 === 0 ? null : beginning);
  });
  const { beginning } = maker.next();
  return [new Uint8Array(), packLesson([], beginning), ...made];
})();
const stored = samples.slice(1).map(unpackLesson);

const plain = ({ lesson }: Signed): WeighedOutput => ({ tokens: lesson, beginning: null });
const begun = ({ lesson, beginning }: Signed): WeighedOutput =>
  weighOutput({ tokens: lesson, beginning }, stored);

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe.each([
  ['tokens alone', plain],
  ['beginnings too', begun],
])('packed lessons, held against %s,', (_what, weigh) => {
  it('have the s of the formula, for any number of tokens and outputs', () => {
    const maker = new SignedMaker(12);
    for (const counts of [[1], [2], [3], [4], [5], [9], [64], [1, 6], [7, 0, 3], [0]]) {
      const outputs = counts.map((count, i) => {
        const signed = maker.next(Math.max(1, count), i);
        return weigh(count === 0 ? { ...signed, lesson: [] } : signed);
      });
      const queries = outputs.map(({ tokens, beginning }) => new LessonQuery(tokens, beginning));
      const packed = new PackedScorer(outputs);
      for (const sample of samples) {
        const expected = meanOf(queries.map((query) => query.score(unpackLesson(sample))));
        expect(Math.abs(packed.score(sample, 0) - expected)).toBeLessThan(1e-12);
      }
    }
  });

  it('are given up only where s is less than what is looked for', () => {
    const packed = new PackedScorer([weigh(new SignedMaker(13).next(12, 1))]);
    const all = samples.map((sample) => packed.score(sample, 0));
    expect(Math.max(...all)).toBeGreaterThan(0.1);
    for (const least of [0.001, 0.01, 0.1, 0.5]) {
      for (const [i, sample] of samples.entries()) {
        const s = packed.score(sample, least);
        if (all[i] >= least) expect(s).toBe(all[i]);
        else expect(s).toBeLessThan(least);
      }
    }
  });

  it('lie anywhere in what was read', () => {
    const packed = new PackedScorer([weigh(new SignedMaker(14).next(12, 2))]);
    for (const sample of samples.slice(1, 4)) {
      const odd = new Uint8Array(sample.length + 3);
      odd.set(sample, 3);
      expect(packed.score(odd.subarray(3), 0)).toBe(packed.score(sample, 0));
    }
  });

  it('are refused where they are none', () => {
    const packed = new PackedScorer([weigh(new SignedMaker(15).next(3))]);
    for (const length of [
      1,
      TOKEN_BYTES - 1,
      (KEPT_TOKENS + 1) * TOKEN_BYTES,
      (KEPT_TOKENS + 2) * TOKEN_BYTES,
    ]) {
      expect(() => packed.score(new Uint8Array(length), 0)).toThrow(`a lesson of ${length} bytes is none`);
    }
  });
});
