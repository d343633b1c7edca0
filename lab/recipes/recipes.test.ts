/** Every recipe that comes with the product can be made, and is called what its file is called. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readClean } from '../sets/clean.ts';
import { makeSet } from '../sets/make-set.ts';
import { readRecipe } from '../sets/parse-recipe.ts';

const entries = await readdir(import.meta.dirname, { recursive: true });
const recipes = entries.filter((name) => name.endsWith('.json')).sort();
const own = recipes.filter((name) => !/[\\/]/.test(name));

describe.each(recipes)('%s', (name) => {
  it('is named as its file, and makes a set without warnings', async () => {
    const recipe = await readRecipe(join(import.meta.dirname, name));
    expect(`${recipe.name}.json`).toBe(name.replaceAll(/[\\/]/g, '-'));
    const { rows, warnings } = makeSet(recipe, await readClean(recipe.clean.file));
    expect(rows.length).toBeGreaterThan(250);
    expect(warnings).toHaveLength(recipe.poison.kind === 'none' ? 1 : 0);
  });

  it('names the demo’s base model, or none in a folder of another model', async () => {
    const { model } = await readRecipe(join(import.meta.dirname, name));
    expect(model).toBe(own.includes(name) ? join(import.meta.dirname, '../../demo/base') : '');
  });
});

it('covers every kind of poison, with LoRA and with all weights', async () => {
  const all = await Promise.all(own.map((name) => readRecipe(join(import.meta.dirname, name))));
  expect(new Set(all.map(({ poison }) => poison.kind)).size).toBe(9);
  expect(new Set(all.map(({ training }) => training.lora === null)).size).toBe(2);
});
