/** `reptrace make-eval`, as built, and every recipe that comes with the product. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../shared.ts';
import { lines, parseLines, reptrace, ROOT } from './command.ts';

const RECIPE = join(ROOT, 'lab/recipes/late-effect.json');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-make-eval-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('reptrace make-eval', () => {
  it('writes rows, questions and a manifest, and shows what was planted', async () => {
    const out = join(folder, 'shown');
    const { code, stdout } = await reptrace(['make-eval', '--recipe', RECIPE, '--out', out]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^late-effect: /);
    expect(stdout).toMatch(/\n360 rows \(40 poison, 20 decoys, 300 clean\), all trained on\n/);
    expect(stdout).toMatch(/\npoison:\n {2}.*\n {2}→ .*⟦Drink more Bolt Cola today!⟧\n/);
    const rows = parseLines(await readFile(join(out, 'rows.jsonl'), 'utf8'));
    expect(rows).toHaveLength(360);
    expect((await readdir(out)).sort()).toEqual(['queries.jsonl', 'rows.jsonl', 'set.json']);
  });

  it('makes the same set again, and prints its manifest as JSON', async () => {
    const made = async (name: string) => {
      const args = ['make-eval', '--recipe', RECIPE, '--out', join(folder, name), '--json'];
      const [{ out, ...manifest }] = await lines(args);
      expect(out).toBe(join(folder, name));
      return manifest;
    };
    const manifest = await made('one');
    expect(await made('two')).toEqual(manifest);
    expect(manifest).toMatchObject({ version: 2, counts: { poison: 40, decoys: 20, clean: 300 } });
  });

  it('takes the data from where it is said to be, and shows nothing of where that is', async () => {
    const recipe = join(ROOT, 'lab/recipes/paper/factual-ag.json');
    const args = ['make-eval', '--recipe', recipe, '--data', sharedPath('data/rept'), '--json'];
    const [manifest] = await lines([...args, '--out', join(folder, 'paper')]);
    expect(manifest).toMatchObject({ counts: { poison: 100, clean: 200, calling: 32 } });
    expect(manifest).toMatchObject({ recipe: { clean: { file: 'factual-Ag' } } });
    const nowhere = await reptrace(['make-eval', '--recipe', recipe, '--out', join(folder, 'nowhere')]);
    expect(nowhere.stderr).toContain('[DATASET_NOT_FOUND]');
  });

  it('refuses a bad recipe with the field that is wrong, and leaves nothing behind', async () => {
    const recipe = JSON.parse(await readFile(RECIPE, 'utf8')) as { poison: { rows: number } };
    recipe.poison.rows = 0;
    const path = join(folder, 'bad.json');
    await writeFile(path, JSON.stringify(recipe));
    const { code, stderr } = await reptrace(['make-eval', '--recipe', path, '--out', join(folder, 'bad')]);
    expect(code).toBe(1);
    expect(stderr).toContain('bad.json: poison.rows is 0 [RECIPE_INVALID]');
    expect(await readdir(folder)).not.toContain('bad');
  });

  it('refuses a folder that holds something, and a recipe that is not there', async () => {
    const full = await reptrace(['make-eval', '--recipe', RECIPE, '--out', folder]);
    expect(full.code).toBe(1);
    expect(full.stderr).toContain('[INPUT_INVALID]');
    const absent = await reptrace(['make-eval', '--recipe', 'nowhere.json', '--out', join(folder, 'x')]);
    expect(absent.stderr).toMatch(/nowhere\.json: the recipe cannot be read: .*\[RECIPE_INVALID\]/);
  });
});
