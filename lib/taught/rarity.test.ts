import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { RARITY_SAMPLES, TOKEN_DIMS } from './constants.ts';
import type { TaughtToken } from './lesson.ts';
import { rarities, rowsForRarity, weighByRarity } from './rarity.ts';
import { lessonScore } from './score.ts';

/** A token on an axis of its own: of two, like or not at all alike. */
function token(axis: number, weight = 10): TaughtToken {
  const row = new Float32Array(TOKEN_DIMS);
  row[axis] = 1;
  return { position: axis, weight, hidden: row, gradient: row };
}

describe('the rarity of a token', () => {
  it('is the logarithm of how few samples teach it, however much of it they teach', () => {
    const samples = [
      [token(0), token(1)],
      [token(0), token(2, 5)],
      [token(0, 20), token(2, 5), token(2, 1)],
      [],
    ];
    const found = rarities([token(0), token(1), token(2), token(3)], samples);
    // Of token 2 two samples taught half as much as counts; each sample counts once.
    const expected = [3, 1, 1, 0].map((taught) => Math.log(5 / (1 + taught)));
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 12);
  });

  it('is 0 where all samples teach the whole of it, and never less', () => {
    const random = new Random(5);
    const row = Float32Array.from({ length: TOKEN_DIMS }, () => random.normal() / 8);
    const norm = Math.hypot(...row) * (1 - 1e-7);
    const unit = row.map((value) => value / norm);
    const same = { position: 1, weight: 12, hidden: unit, gradient: unit };
    const [rarity] = rarities(
      [same],
      Array.from({ length: 50 }, () => [same]),
    );
    expect(rarity).toBe(0);
  });
});

describe('an output’s tokens', () => {
  it('count less the more samples teach them, so that those who teach the unusual one come first', () => {
    const [common, rare] = [token(0, 8), token(1, 6)];
    const samples = [...Array.from({ length: 30 }, () => [token(0)]), [token(1)]];
    const plain = samples.map((sample) => lessonScore([common, rare], sample).score);
    expect(plain[0]).toBeGreaterThan(plain[30]);
    const weighed = weighByRarity([common, rare], samples);
    const scores = samples.map((sample) => lessonScore(weighed, sample).score);
    expect(scores[30]).toBeGreaterThan(scores[0]);
    expect(weighed.map(({ weight }) => weight)).toEqual(
      [...rarities([common, rare], samples)].map((factor, i) => factor * [8, 6][i]),
    );
  });

  it('are as they were without samples, and where every sample teaches all of them', () => {
    const lesson = [token(0, 3), token(1, 4)];
    expect(weighByRarity(lesson, [])).toBe(lesson);
    const all = [token(0), token(1)];
    expect(weighByRarity(lesson, [all, all, all])).toBe(lesson);
    expect(weighByRarity([], [all])).toEqual([]);
  });
});

describe('the rows that are asked', () => {
  it('are all of a few, and of many a fixed number, evenly spread', () => {
    expect(rowsForRarity(0)).toEqual([]);
    expect(rowsForRarity(3)).toEqual([0, 1, 2]);
    const many = rowsForRarity(1_000_003);
    expect(many).toHaveLength(RARITY_SAMPLES);
    expect(many[0]).toBe(0);
    const steps = many.slice(1).map((row, i) => row - many[i]);
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
    expect(many[RARITY_SAMPLES - 1]).toBeGreaterThan(1_000_003 * (1 - 2 / RARITY_SAMPLES));
  });
});
