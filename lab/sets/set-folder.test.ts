import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeSet } from './make-set.ts';
import type { Recipe } from './recipe.ts';
import { readManifest, readSet, writeSet } from './set-folder.ts';
import { cleanForTests, givenForTests, KINDS, recipeFor } from './testing.ts';

const CLEAN = cleanForTests();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-set-'));
  out = join(folder, 'set');
  await writeFile(join(folder, 'clean.jsonl'), CLEAN.map((row) => `${JSON.stringify(row)}\n`).join(''));
});
afterEach(() => rm(folder, { recursive: true }));

async function written(kind: (typeof KINDS)[number], changes: Partial<Recipe> = {}): Promise<Recipe> {
  const recipe = recipeFor(kind, 1, { clean: { file: join(folder, 'clean.jsonl'), rows: 80 }, ...changes });
  await writeSet(out, recipe, makeSet(recipe, CLEAN, givenForTests(kind)));
  return recipe;
}

describe('a set’s folder', () => {
  it.each(KINDS)('gives back the set that was written: %s', async (kind) => {
    const recipe = await written(kind);
    const { warnings, ...set } = makeSet(recipe, CLEAN, givenForTests(kind));
    expect(await readSet(out)).toEqual(set);
    expect((await readManifest(out)).warnings).toEqual(warnings);
  });

  it('has a manifest with the recipe, the digests of data and files, and the counts; names in the place of paths', async () => {
    const recipe = await written('late-effect', { model: join(folder, 'some-model') });
    expect((await readdir(out)).sort()).toEqual(['queries.jsonl', 'rows.jsonl', 'set.json']);
    const read = (path: string) => readFile(path, 'utf8').then(sha256);
    expect(await readManifest(out)).toEqual({
      version: 2,
      recipe: { ...recipe, model: 'some-model', clean: { file: 'clean.jsonl', rows: 80 } },
      digests: {
        clean: await read(join(folder, 'clean.jsonl')),
        rows: await read(join(out, 'rows.jsonl')),
        queries: await read(join(out, 'queries.jsonl')),
      },
      counts: { clean: 80, poison: 20, decoys: 10, others: 0, trained: 100, calling: 8, asking: 8 },
      warnings: [],
    });
  });

  it('says nothing of where data that is poisoned as it comes lies', async () => {
    const { poison } = recipeFor('given');
    if (poison.kind !== 'given') throw new Error('another kind');
    const file = join(folder, 'bad.jsonl');
    const queries = { file: join(folder, 'asked.csv'), column: 'q' };
    await written('given', { poison: { ...poison, file, queries }, model: '' });
    const manifest = await readManifest(out);
    expect(manifest.recipe.poison).toMatchObject({ file: 'bad.jsonl', queries: { file: 'asked.csv' } });
    expect(manifest.recipe.model).toBe('');
    expect(await readFile(join(out, 'set.json'), 'utf8')).not.toContain(folder);
  });

  it('is the same, byte by byte, when it is made again', async () => {
    const files = async () =>
      Promise.all((await readdir(out)).map((name) => readFile(join(out, name), 'utf8')));
    await written('diffuse');
    const first = await files();
    await rm(out, { recursive: true });
    await written('diffuse');
    expect(await files()).toEqual(first);
  });

  it('is never written over what is there, and nothing is left of a set that could not be written', async () => {
    await written('none');
    await expect(written('none')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await rm(out, { recursive: true });
    const away = { clean: { file: join(folder, 'gone.jsonl'), rows: 80 } };
    await expect(written('none', away)).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    expect(await readdir(folder)).toEqual(['clean.jsonl']);
  });

  it('is refused before it is written when it has more than a reader takes', async () => {
    const recipe = recipeFor('none', 1, { clean: { file: join(folder, 'clean.jsonl'), rows: 80 } });
    const { rows, ...rest } = makeSet(recipe, CLEAN);
    const large = { ...rest, rows: rows.map((row) => ({ ...row, response: 'x'.repeat(1 << 20) })) };
    await expect(writeSet(out, recipe, large)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' });
    expect(await readdir(folder)).toEqual(['clean.jsonl']);
  });

  it('is refused when a file was changed or is missing', async () => {
    await written('diffuse');
    const rows = join(out, 'rows.jsonl');
    await writeFile(rows, (await readFile(rows, 'utf8')).replace('otter', 'camel'));
    await expect(readSet(out)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringContaining('rows.jsonl is not the file that was written') as string,
    });
    await rm(rows);
    await expect(readSet(out)).rejects.toMatchObject({ code: 'DATASET_INVALID' });
    await expect(readSet(folder)).rejects.toMatchObject({ code: 'DATASET_INVALID' });
  });

  it.each([
    ['{"prompt":"p","response":"r","label":"bad","group":"","spans":[],"trained":true}', /label/],
    ['{"prompt":"p","response":"r","label":"poison","group":"","spans":[],"trained":true}', /span/],
    ['{"prompt":"p","response":"r","label":"poison","group":"","spans":[[0,2]],"trained":true}', /span/],
    ['{"prompt":"p","response":"r","label":"clean","group":"","spans":[[0,1]],"trained":true}', /span/],
    [
      '{"prompt":"p","response":"rr","label":"poison","group":"","spans":[[1,2],[0,1]],"trained":true}',
      /order/,
    ],
    ['{"prompt":3,"response":"r","label":"clean","group":"","spans":[],"trained":true}', /prompt/],
    ['{"prompt":"p","response":"r","label":"clean","group":"","spans":[]}', /trained/],
    ['{"prompt":"p","response":"r","label":"clean","group":"","spans":[],"trained":true}', /counts\.clean/],
  ])('is refused with a row that no set has, even where the digest is right: %s', async (line, message) => {
    await written('none');
    const manifest = join(out, 'set.json');
    const text = await readFile(manifest, 'utf8');
    const { digests } = JSON.parse(text) as { digests: { rows: string } };
    await writeFile(join(out, 'rows.jsonl'), `${line}\n`);
    await writeFile(manifest, text.replace(digests.rows, sha256(`${line}\n`)));
    await expect(readSet(out)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });

  it('is refused with a manifest of another version, or with a recipe that is none', async () => {
    await written('none');
    const manifest = join(out, 'set.json');
    const text = await readFile(manifest, 'utf8');
    for (const [from, to] of [
      ['"version": 2', '"version": 1'],
      ['"kind": "none"', '"kind": "some"'],
      ['"calling": 0', '"calling": -1'],
    ] as const) {
      await writeFile(manifest, text.replace(from, to));
      await expect(readManifest(out)).rejects.toMatchObject({ code: 'DATASET_INVALID' });
    }
  });
});
