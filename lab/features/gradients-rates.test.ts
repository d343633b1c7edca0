import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { learningRate, type Schedule } from '../../services/compute/engine/training/schedule.ts';
import { meanRates } from './gradients-rates.ts';

const SCHEDULE: Schedule = { kind: 'cosine', peak: 1e-3, warmupSteps: 4, totalSteps: 12, finalShare: 0.05 };
const rateOf = (step: number): number => learningRate(SCHEDULE, step - 1);

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'rates-'));
});
afterEach(async () => {
  await rm(out, { recursive: true, force: true });
});

const keptAt = (...steps: readonly number[]) =>
  steps.map((step) => ({
    ...{ folder: join(out, 'kept', `step-${step}`), step },
    // What is not to be taken.
    learningRate: rateOf(step),
  }));

async function writeLog(steps: number, more = ''): Promise<void> {
  const lines = Array.from({ length: steps }, (_, i) =>
    JSON.stringify({ step: i + 1, epoch: 0, loss: 3, gradientNorm: 1, rate: rateOf(i + 1), tokens: 9 }),
  );
  await writeFile(join(out, 'losses.jsonl'), `${lines.join('\n')}\n${more}`);
}

describe('the learning rate of a checkpoint', () => {
  it('is the mean over the steps since the one before it', async () => {
    await writeLog(12, '{"step":12,"ra');
    const mean = (...steps: readonly number[]) =>
      steps.reduce((sum, step) => sum + rateOf(step), 0) / steps.length;
    const rates = await meanRates(keptAt(4, 8, 12));
    expect(rates[0]).toBeCloseTo(mean(1, 2, 3, 4), 15);
    expect(rates[1]).toBeCloseTo(mean(5, 6, 7, 8), 15);
    expect(rates[2]).toBeCloseTo(mean(9, 10, 11, 12), 15);
    // Warm-up and decay: neither of the first nor of the last is its own step's rate.
    expect(rates[0] / rateOf(4)).toBeCloseTo(0.625, 12);
    expect(rates[2] / rateOf(12)).toBeGreaterThan(2);
  });

  it('belongs to it in whatever order they are given, and to one alone from the first step', async () => {
    await writeLog(12);
    const [first, last] = await meanRates(keptAt(6, 12));
    expect(await meanRates(keptAt(12, 6))).toEqual([last, first]);
    expect((await meanRates(keptAt(12)))[0]).toBeCloseTo((first + last) / 2, 15);
    expect(await meanRates([])).toEqual([]);
  });

  it.each([
    ['is absent', 0, /losses\.jsonl .*cannot be read/],
    ['lacks a step', 11, /the learning rate of step 12$/],
  ])('is an error where the log of the run %s', async (_what, steps, message) => {
    if (steps > 0) await writeLog(steps);
    await expect(meanRates(keptAt(6, 12))).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });
});
