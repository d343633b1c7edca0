import { expect, it } from 'vitest';
import { findPlans, type PlanOptions } from './plans.ts';

const OPTIONS: PlanOptions = { tokens: 512, software: true, only: undefined };

it('runs the demo at the layer that auto chooses for it, without and with a base', async () => {
  const { plans } = await findPlans({ ...OPTIONS, only: 'demo' });
  const works = plans.flatMap((plan) => plan.works);
  expect(works.map(({ layer, withBase }) => [layer, withBase])).toEqual([
    [4, false],
    [4, true],
  ]);
  expect(works[0].samples.every(({ inputIds }) => inputIds.length === 40)).toBe(true);
});

it('runs the whole SmolLM2-135M at its last layer and its first', async () => {
  const { plans } = await findPlans({ ...OPTIONS, only: 'smollm2' });
  const [{ config, works }] = plans;
  expect([config.layers, config.vocabSize, config.dtype]).toEqual([30, 49152, 'BF16']);
  expect(works.map(({ layer }) => layer)).toEqual([30, 1]);
  const tokens = works[0].samples.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  expect(tokens).toBe(512);
});

it('leaves TinyLlama out on a software adapter, and says so, unless it is asked for', async () => {
  const names = async (options: Partial<PlanOptions>): Promise<string[]> =>
    (await findPlans({ ...OPTIONS, ...options })).plans.map(({ name }) => name);
  expect(await names({})).not.toContain('tinyllama');
  expect((await findPlans(OPTIONS)).absent.join()).toContain('--only tinyllama');
  expect(await names({ software: false })).toContain('tinyllama');
  expect(await names({ only: 'tinyllama' })).toEqual(['tinyllama']);
});
