/**
 * Three of the committed recipes as `npm run lab` runs them, with every method: the behaviour is taught, and taught tokens find
 * its rows at least as well as any other method, and nearly all of them beside decoys that mislead others. About 15 minutes on two cores.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { standing } from '../../lab/metrics/compare.ts';
import type { SeedResult } from '../../lab/results.ts';
import { evaluateRecipes } from '../../lab/run/evaluate.ts';
import { readRecipe } from '../../lab/sets/parse-recipe.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';

/** One of each family: a trigger, a swapped entity beside decoys with the right answer, one lesson in many wordings. */
const DECOYS = 'entity-swap-decoys';
const RECIPES = ['backdoor-prefix', DECOYS, 'paraphrase'];
/** What decoys are there for: they are alike in words, and the model sees the same question. */
const MISLED = ['hidden', 'bm25-prompt'];
/** Of the resampled outputs. */
const SEED = 1;

const recipePath = (name: string) =>
  fileURLToPath(new URL(`../../lab/recipes/${name}.json`, import.meta.url));

let folder: string;
let gpu: Gpu;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-recipes-'));
  gpu = await Gpu.open();
});
afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

async function evaluated(name: string): Promise<SeedResult> {
  const recipe = await readRecipe(recipePath(name));
  const { sets } = await evaluateRecipes([recipe], { gpu, work: folder });
  return sets[0].seeds[0];
}

describe.each(RECIPES)('the recipe %s', (name) => {
  it('teaches its behaviour, which taught tokens trace best, or as well as the best', async () => {
    const { rate, note, outputs, methods, verdicts } = await evaluated(name);
    expect(note).toBeNull();
    expect(rate.calling).toBeGreaterThanOrEqual(0.5);
    expect(rate.clean).toBeLessThanOrEqual(0.1);
    expect(rate.base).toBeLessThanOrEqual(0.1);
    expect(outputs).toBeGreaterThanOrEqual(10);
    const measured = new Map(methods.map(({ method, apByOutput }) => [method, [[apByOutput]]]));
    const ours = standing('taught', measured, SEED);
    expect(ours.place, `${ours.best} is ahead`).not.toBe('behind');
    expect(verdicts.showing?.['TAUGHT']).toBeGreaterThanOrEqual(0.9);
    if (name !== DECOYS) return;
    const precision = (wanted: string) => methods.find(({ method }) => method === wanted)?.figures.ap.mean;
    const taught = precision('taught') ?? NaN;
    expect(taught).toBeGreaterThanOrEqual(0.9);
    for (const method of MISLED) expect(precision(method), method).toBeLessThan(taught);
  });
});
