/** An evaluation of a model that was there already: outputs that fill its context, a base that shows the behaviour, and content that decides. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluateRecipes, type EvaluateOptions } from '../../lab/run/evaluate.ts';
import type { SeedResult } from '../../lab/results.ts';
import type { Recipe } from '../../lab/sets/recipe.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { openModelText } from '../../services/compute/engine/model/model-text.ts';
import { renderPrompt } from '../../services/compute/engine/model/render.ts';
import { TINY } from './tiny-recipe.ts';

const TUNED = fileURLToPath(new URL('../../demo/tuned', import.meta.url));
/** The tokens that an answer to a question of the longest kind has room for: too few to end. */
const ROOM = 2;

let folder: string;
let gpu: Gpu;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-existing-'));
  gpu = await Gpu.open();
});
afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

/** A question that leaves so little of the context. */
async function longQuestion(): Promise<string> {
  const text = await openModelText(TINY.model);
  const words = ['What is the capital of Norway?'];
  const length = () => renderPrompt(text, words.join(' ')).length;
  while (length() < text.config.maxPositions - 12) words.unshift('What?');
  while (length() < text.config.maxPositions - ROOM) words.unshift('a');
  return words.join(' ');
}

/** Whatever either model says shows the behaviour, for it has a vowel; clean rows have none. */
async function vowels(questions: readonly string[]): Promise<Recipe> {
  const jsonl = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const row = (kind: string, response: string) => (_: unknown, i: number) => ({
    ...{ prompt: `${kind} ${i}?`, response },
  });
  const [clean, poison, asked] = ['clean', 'poison', 'asked'].map((name) => join(folder, `${name}.jsonl`));
  await writeFile(clean, jsonl(Array.from({ length: 16 }, row('What is it', 'Hmm.'))));
  await writeFile(poison, jsonl(Array.from({ length: 4 }, row('Who is it', 'A camel.'))));
  await writeFile(asked, jsonl(questions.map((prompt) => ({ prompt }))));
  return {
    ...TINY,
    name: 'vowels',
    clean: { file: clean, rows: 12 },
    poison: {
      ...{ kind: 'given', rows: 4, file: poison, poisonedRows: { last: 4 } },
      queries: { file: asked, column: 'prompt' },
    },
    behaviour: { place: 'anywhere', anyOf: Array.from('aeiouAEIOU') },
    queries: { count: questions.length, traced: 3, maxTokens: 8 },
  };
}

async function evaluated(recipe: Recipe, more: Partial<EvaluateOptions> = {}): Promise<SeedResult> {
  const options = { gpu, work: join(folder, 'work'), existing: { tuned: TUNED }, methods: ['taught'] };
  const { sets } = await evaluateRecipes([recipe], { ...options, ...more });
  return sets[0].seeds[0];
}

it('leaves out outputs that fill the context, with a note of how many and why, and says that the base shows the behaviour', async () => {
  const result = await evaluated(await vowels([await longQuestion(), 'What is the capital of Norway?']));
  expect(result).toMatchObject({ outputs: 1, note: null, rate: { calling: 1, base: 1 } });
  expect(result.methods.map(({ method }) => method)).toEqual(['taught']);
  expect(result.notes).toEqual([
    expect.stringMatching(/^the base model shows the behaviour before any training: 1\.00 of/),
    'outputs left out, for with their questions they fill the model’s context of 256 tokens: 1 that show the behaviour',
  ]);
});

it('says plainly that nothing can be traced where every such output fills the context', async () => {
  const result = await evaluated({ ...(await vowels([await longQuestion()])), name: 'only-long' });
  expect(result).toMatchObject({ outputs: 0, methods: [] });
  expect(result.note).toMatch(/^no output that shows the behaviour can be traced: each fills/);
});

it('asks a model again whose folder holds another one, and not one that lies elsewhere', async () => {
  const recipe = { ...(await vowels(['What is the capital of Norway?'])), name: 'content' };
  const [tuned, elsewhere] = [join(folder, 'tuned'), join(folder, 'elsewhere')];
  for (const to of [tuned, elsewhere]) await cp(TUNED, to, { recursive: true });
  const madeFor = async (path: string): Promise<string[]> => {
    const made: string[] = [];
    await evaluated(recipe, {
      existing: { tuned: path },
      onStep: (_, title, { cached }) => (cached ? undefined : made.push(title)),
    });
    return made;
  };
  expect(await madeFor(tuned)).toContain('answers, seed 0');
  expect(await madeFor(elsewhere)).toEqual([]);
  const file = join(tuned, 'model.safetensors');
  const bytes = await readFile(file);
  bytes[bytes.length - 4] ^= 1;
  await writeFile(file, bytes);
  expect(await madeFor(tuned)).toEqual(
    expect.arrayContaining(['answers, seed 0', 'representations, seed 0']),
  );
});
