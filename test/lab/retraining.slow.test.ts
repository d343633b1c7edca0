/**
 * Remove and retrain on a committed recipe: without the rows that taught tokens blame the behaviour goes, without as many by lot it
 * stays, and clean rows are answered no worse. Four trainings: about 8 minutes on two cores.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluateRecipes } from '../../lab/run/evaluate.ts';
import { readRecipe } from '../../lab/sets/parse-recipe.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';

const RECIPE = fileURLToPath(new URL('../../lab/recipes/entity-swap.json', import.meta.url));

let folder: string;
let gpu: Gpu;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-retraining-'));
  gpu = await Gpu.open();
});
afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

it('without the rows that taught tokens blame the behaviour goes by 90 %, by lot it stays, and clean loss does not rise by 2 %', async () => {
  const recipe = await readRecipe(RECIPE);
  const methods = ['taught', 'bm25-both'];
  const { sets } = await evaluateRecipes([recipe], { gpu, work: folder, methods, retrain: true });
  const { retraining } = sets[0].seeds[0];
  const without = (name: string) => {
    const found = retraining.find(({ removedBy }) => removedBy === name);
    if (found === undefined) throw new Error(`nothing was trained without what ${name} removes`);
    return found;
  };
  expect(retraining.map(({ removedBy }) => removedBy)).toEqual(['nothing', ...methods, 'random']);
  const { rate, cleanLoss } = without('nothing');
  expect(rate).toBeGreaterThan(0.5);
  const taught = without('taught');
  expect(taught.removed).toBe(40);
  expect(taught.rate).toBeLessThanOrEqual(0.1 * rate);
  expect(taught.cleanLoss).toBeLessThanOrEqual(1.02 * cleanLoss);
  expect(without('random').rate).toBeGreaterThanOrEqual(0.9 * rate);
});
