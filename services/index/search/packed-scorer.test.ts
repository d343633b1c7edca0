import { describe, expect, it } from 'vitest';
import { packLesson, TOKEN_BYTES, unpackLesson } from '../../../lib/taught/lesson.ts';
import { LessonQuery } from '../../../lib/taught/score.ts';
import { PackedScorer } from './packed-scorer.ts';
import { SignedMaker } from './testing.ts';

const samples = ((): Uint8Array[] => {
  const maker = new SignedMaker(11);
  return [new Uint8Array(), ...Array.from({ length: 200 }, () => packLesson(maker.next().lesson))];
})();

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('packed lessons', () => {
  it('have the s of the formula, for any number of tokens and outputs', () => {
    const maker = new SignedMaker(12);
    for (const counts of [[1], [2], [3], [4], [5], [9], [64], [1, 6], [7, 0, 3]]) {
      const lessons = counts.map((count, i) => (count === 0 ? [] : maker.next(count, i).lesson));
      const queries = lessons.map((lesson) => new LessonQuery(lesson));
      const packed = new PackedScorer(lessons);
      for (const sample of samples) {
        const expected = meanOf(queries.map((query) => query.score(unpackLesson(sample))));
        expect(Math.abs(packed.score(sample, 0) - expected)).toBeLessThan(1e-12);
      }
    }
  });

  it('are given up only where s is less than what is looked for', () => {
    const { lesson } = new SignedMaker(13).next(12, 1);
    const packed = new PackedScorer([lesson]);
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
    const { lesson } = new SignedMaker(14).next(12, 2);
    const packed = new PackedScorer([lesson]);
    const [, sample] = samples;
    const odd = new Uint8Array(sample.length + 3);
    odd.set(sample, 3);
    expect(packed.score(odd.subarray(3), 0)).toBe(packed.score(sample, 0));
  });

  it('are refused where they are none', () => {
    const packed = new PackedScorer([new SignedMaker(15).next(3).lesson]);
    for (const length of [1, TOKEN_BYTES - 1, 9 * TOKEN_BYTES]) {
      expect(() => packed.score(new Uint8Array(length), 0)).toThrow(`a lesson of ${length} bytes is none`);
    }
  });
});
