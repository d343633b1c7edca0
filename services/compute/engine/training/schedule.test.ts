import { describe, expect, it } from 'vitest';
import { learningRate, type Schedule } from './schedule.ts';

const base: Schedule = { kind: 'cosine', peak: 2, warmupSteps: 4, totalSteps: 12 };

describe('learningRate', () => {
  it('rises linearly to the peak over the warm-up', () => {
    expect([0, 1, 2, 3].map((step) => learningRate(base, step))).toEqual([0.5, 1, 1.5, 2]);
  });

  it('falls along half a cosine, or a line, to zero', () => {
    expect(learningRate(base, 4)).toBeCloseTo(2, 12);
    expect(learningRate(base, 8)).toBeCloseTo(1, 12);
    expect(learningRate(base, 12)).toBeCloseTo(0, 12);
    expect(learningRate({ ...base, kind: 'linear' }, 6)).toBeCloseTo(1.5, 12);
    expect(learningRate({ ...base, kind: 'constant' }, 11)).toBe(2);
  });

  it('ends at the asked share of the peak and stays there', () => {
    for (const step of [12, 20])
      expect(learningRate({ ...base, finalShare: 0.1 }, step)).toBeCloseTo(0.2, 12);
  });

  it('needs no warm-up', () => {
    expect(learningRate({ ...base, warmupSteps: 0 }, 0)).toBeCloseTo(2, 12);
  });
});
