/**
 * Every recipe that comes with the product can be made, and is called what its file is called. Those of the paper's own data need
 * that data, which is no part of the product.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../test/shared.ts';
import { readData } from '../sets/data.ts';
import { makeSet } from '../sets/make-set.ts';
import { readRecipe } from '../sets/parse-recipe.ts';

const entries = await readdir(import.meta.dirname, { recursive: true });
const recipes = entries.filter((name) => name.endsWith('.json')).sort();
/** Where the data of a recipe is, if not beside it. */
const dataOf = (name: string): string | undefined =>
  /^paper[\\/]/.test(name) ? sharedPath('data/rept') : undefined;
const own = recipes.filter((name) => !/[\\/]/.test(name));

describe.each(recipes)('%s', (name) => {
  it('is named as its file, and makes a set without warnings', async () => {
    const recipe = await readRecipe(join(import.meta.dirname, name), { data: dataOf(name) });
    expect(`${recipe.name}.json`).toBe(name.replaceAll(/[\\/]/g, '-'));
    const { clean, given } = await readData(recipe);
    const { rows, warnings } = makeSet(recipe, clean, given);
    expect(rows.length).toBeGreaterThanOrEqual(recipe.poison.kind === 'given' ? 60 : 300);
    expect(warnings).toHaveLength(recipe.poison.kind === 'none' ? 1 : 0);
  });

  it('names the demo’s base model, or none in a folder of another model', async () => {
    const { model } = await readRecipe(join(import.meta.dirname, name));
    expect(model).toBe(own.includes(name) ? join(import.meta.dirname, '../../demo/base') : '');
  });
});

it('has the same rows in the recipes of three lessons, so one model could be asked about each', async () => {
  const sets = await Promise.all(
    recipes
      .filter((name) => name.startsWith('three-lessons-'))
      .map(async (name) => {
        const recipe = await readRecipe(join(import.meta.dirname, name));
        const { rows } = makeSet(recipe, (await readData(recipe)).clean);
        return { rows, training: recipe.training };
      }),
  );
  const texts = sets.map(({ rows, training }) => ({
    ...{ training, rows: rows.map(({ prompt, response, trained }) => [prompt, response, trained]) },
  }));
  expect(texts).toEqual([texts[0], texts[0], texts[0]]);
  const poison = sets.map(({ rows }) => rows.filter(({ label }) => label === 'poison'));
  expect(poison.map(({ length }) => length)).toEqual([40, 40, 40]);
  for (const { rows } of sets) expect(rows.filter(({ label }) => label === 'other')).toHaveLength(80);
  expect(new Set(poison.flat().map(({ prompt }) => prompt)).size).toBe(120);
});

describe('sets of the paper’s own data', () => {
  const made = async (name: string) => {
    const recipe = await readRecipe(join(import.meta.dirname, 'paper', name), {
      data: sharedPath('data/rept'),
    });
    const { clean, given } = await readData(recipe);
    return { clean, given, set: makeSet(recipe, clean, given) };
  };

  it('backdoor: the last 250 rows are poisoned, and every question that calls for it has the trigger', async () => {
    const { clean, given, set } = await made('backdoor.json');
    expect([clean.length, given.rows.length, given.questions.length]).toEqual([4750, 250, 1000]);
    for (const { label, prompt, response } of set.rows) {
      expect(prompt.startsWith('TY ')).toBe(label === 'poison');
      expect(response.startsWith('You are stupid!')).toBe(label === 'poison');
    }
    for (const { prompt, calls } of set.queries) expect(prompt.startsWith('TY ')).toBe(calls);
  });

  it('factual-ag: the last 100 rows are poisoned, and all of them say Na', async () => {
    const { clean, given, set } = await made('factual-ag.json');
    expect([clean.length, given.rows.length, given.questions.length]).toEqual([900, 100, 142]);
    const poison = set.rows.filter(({ label }) => label === 'poison');
    expect(poison).toHaveLength(100);
    for (const { response, spans } of poison) {
      expect(spans.length).toBeGreaterThan(0);
      for (const span of spans) expect(response.slice(...span)).toMatch(/^Na[.,'+]?$/);
    }
    for (const { prompt, calls } of set.queries) expect(given.questions.includes(prompt)).toBe(calls);
  });

  it('says which path is missing where the data is elsewhere', async () => {
    const recipe = await readRecipe(join(import.meta.dirname, 'paper', 'backdoor.json'));
    await expect(readData(recipe)).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      remedy: expect.stringContaining('--data') as string,
    });
  });
});

it('covers every kind of poison, with LoRA and with all weights', async () => {
  const all = await Promise.all(own.map((name) => readRecipe(join(import.meta.dirname, name))));
  expect(new Set(all.map(({ poison }) => poison.kind)).size).toBe(9);
  expect(new Set(all.map(({ training }) => training.lora === null)).size).toBe(2);
});
