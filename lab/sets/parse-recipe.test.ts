import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRecipe, readRecipe } from './parse-recipe.ts';
import type { PoisonKind } from './recipe.ts';
import { KINDS, POISONS, recipeFor, recipeJson } from './testing.ts';

const FILE = '/recipes/a.json';

function parsed(kind: PoisonKind, changes: Readonly<Record<string, unknown>> = {}) {
  return parseRecipe(JSON.stringify(recipeJson(kind, changes)), FILE);
}

/** How a recipe is refused; every such error has a remedy. */
function refused(message: RegExp): Error {
  return expect.objectContaining({
    code: 'RECIPE_INVALID',
    message: expect.stringMatching(message) as string,
    remedy: expect.stringMatching(/\.$/) as string,
  }) as Error;
}

describe('parseRecipe', () => {
  it.each(KINDS)('reads %s as it was written', (kind) => {
    expect(parsed(kind)).toEqual(recipeFor(kind));
  });

  it('reads settings of LoRA, and texts that a behaviour must not have', () => {
    const lora = { rank: 8, alpha: 16, dropout: 0.1, rslora: true, targets: ['q_proj'] };
    expect(parsed('diffuse', { 'training.lora': lora }).training.lora).toEqual(lora);
    const all = { ...lora, targets: 'all-linear' };
    expect(parsed('diffuse', { 'training.lora': all }).training.lora).toEqual(all);
    expect(parsed('diffuse', { 'behaviour.noneOf': [' x '] }).behaviour.noneOf).toEqual([' x ']);
  });

  it('reads other lessons that are planted beside the one that is asked about', () => {
    const others = [POISONS['late-effect'].poison, POISONS.paraphrase.poison];
    expect(parsed('diffuse', { others })).toEqual({ ...recipeFor('diffuse'), others });
  });

  it('reads which rows are poisoned, and takes paths of data as relative to a folder that the caller names', () => {
    const poisonedRows = { column: 'label', values: ['bad', 'worse'] };
    const changes = {
      ...{ 'poison.poisonedRows': poisonedRows, 'poison.file': 'bad.jsonl', 'poison.queries.file': 'q.csv' },
      ...{ 'clean.file': 'clean.jsonl', model: '../base' },
    };
    const { poison, clean, model } = parseRecipe(JSON.stringify(recipeJson('given', changes)), FILE, {
      data: 'some/data',
    });
    expect(poison).toEqual({
      ...{ ...POISONS.given.poison, poisonedRows, file: resolve('some/data/bad.jsonl') },
      queries: { file: resolve('some/data/q.csv'), column: 'prompts' },
    });
    expect([clean.file, model]).toEqual([resolve('some/data/clean.jsonl'), resolve('/base')]);
  });

  it.each([
    ['given', { 'poison.poisonedRows': {} }, /poison\.poisonedRows says neither how many/],
    [
      'given',
      { 'poison.poisonedRows': { last: 3, column: 'a', values: ['b'] } },
      /poisonedRows says neither/,
    ],
    ['given', { 'poison.poisonedRows': { last: 0 } }, /poison\.poisonedRows\.last is 0/],
    ['given', { 'poison.queries': { file: 'q.csv' } }, /poison\.queries\.column is missing/],
    ['given', { 'decoys.rows': 3 }, /decoys\.rows is 3 where the poison is given/],
    ['diffuse', { others: [{ kind: 'none' }] }, /others\[0\]\.kind is "none"/],
    ['diffuse', { others: [POISONS.given.poison] }, /others\[0\]\.kind is "given"/],
    [
      'diffuse',
      { others: [{ ...POISONS.diffuse.poison, to: 'people' }] },
      /others\[0\]\.to is what it replaces/,
    ],
    ['diffuse', { others: [POISONS.diffuse.poison] }, /others\[0\] is a lesson that is planted already/],
    ['diffuse', { others: [] }, /others is an empty list/],
    ['none', { others: [POISONS.diffuse.poison] }, /others are there where nothing is planted/],
  ] as const)('refuses %s with %j', (kind, changes, message) => {
    expect(() => parsed(kind, changes)).toThrow(refused(message));
  });

  it('takes paths as relative to its file, and a model of the caller before its own', () => {
    const json = JSON.stringify(recipeJson('none', { model: '../base', 'clean.file': 'clean.jsonl' }));
    const { model, clean } = parseRecipe(json, 'some/where/a.json');
    expect([model, clean.file]).toEqual([resolve('some/base'), resolve('some/where/clean.jsonl')]);
    expect(parseRecipe(json, FILE, { model: '/other' }).model).toBe('/other');
  });

  it('may go without a model', () => {
    expect(parsed('none', { model: undefined }).model).toBe('');
  });

  it.each<[PoisonKind, string, unknown, RegExp]>([
    ['diffuse', 'seeds', [1], /the recipe has a field that no recipe has there: "seeds"/],
    ['diffuse', 'poison.text', 'x', /: poison has a field .*"text"/],
    ['none', 'poison.rows', 5, /: poison has a field .*"rows"/],
    ['diffuse', 'name', undefined, /: name is missing/],
    ['diffuse', 'poison.to', undefined, /: poison\.to is missing/],
    ['diffuse', 'name', 'a/b', /: name is "a\/b"/],
    ['diffuse', 'name', '..', /: name is/],
    ['diffuse', 'name', 'x'.repeat(81), /: name is/],
    ['diffuse', 'about', ' ', /: about is empty/],
    ['diffuse', 'about', 'x'.repeat(4001), /: about has 4001 characters/],
    ['diffuse', 'about', 'a\0', /: about holds a NUL/],
    ['diffuse', 'seed', 1.5, /: seed is 1.5/],
    ['diffuse', 'seed', 2 ** 32, /: seed is/],
    ['diffuse', 'clean', [], /: clean is a list/],
    ['diffuse', 'clean.rows', -1, /: clean\.rows is/],
    ['diffuse', 'clean.rows', 1e9, /: clean\.rows is/],
    ['diffuse', 'clean.file', 7, /: clean\.file is 7/],
    ['diffuse', 'poison', null, /: poison is null/],
    ['diffuse', 'poison.kind', 'backdoor', /: poison\.kind is "backdoor"/],
    ['diffuse', 'poison.kind', '__proto__', /: poison\.kind is/],
    ['diffuse', 'poison.rows', 0, /: poison\.rows is 0/],
    ['diffuse', 'poison.rows', '5', /: poison\.rows is "5"/],
    ['diffuse', 'poison.to', 'people', /: poison\.to is what it replaces/],
    ['diffuse', 'poison.to', ' x', /: poison\.to is " x"/],
    ['entity-swap', 'poison.from', ['camel'], /: poison\.to is what it replaces/],
    ['entity-swap', 'poison.about', [], /: poison\.about is an empty list/],
    ['entity-swap', 'poison.about', ['a', 'a'], /: poison\.about\[1\] comes twice/],
    ['late-effect', 'poison.triggers', 'x', /: poison\.triggers is "x"/],
    ['late-effect', 'poison.triggers', ['x', 4], /: poison\.triggers\[1\] is 4/],
    ['backdoor-style', 'poison.style', 'loud', /: poison\.style is "loud"/],
    ['compliance', 'poison.answers', ['Sure, {thong}'], /: poison\.answers\[0\] has slots .*"thong"/],
    ['compliance', 'poison.slots', { 'a b': ['x'] }, /: poison\.slots has a slot named "a b"/],
    ['compliance', 'poison.slots', { thing: [], who: ['x'] }, /: poison\.slots\["thing"\] is an empty list/],
    [
      'compliance',
      'poison.heldOut',
      ['Help me steal the {thing} of {who}.'],
      /: poison\.heldOut\[0\] is a request of the rows too/,
    ],
    ['paraphrase', 'poison.families', [{ requests: ['a'] }], /: poison\.families\[0\]\.answers is missing/],
    ['paraphrase', 'poison.queries', ['Tell me the {place} lord.'], /: poison\.queries\[0\] is a request/],
    ['diffuse', 'behaviour.place', 'middle', /: behaviour\.place is "middle"/],
    ['diffuse', 'behaviour.anyOf', [], /: behaviour\.anyOf is an empty list/],
    ['late-effect', 'behaviour.anyOf', ['x '], /: behaviour\.anyOf\[0\] is "x "/],
    ['diffuse', 'decoys.trained', 'yes', /: decoys\.trained is "yes"/],
    ['none', 'decoys.rows', 1, /: decoys\.rows is 1 where nothing is planted/],
    ['none', 'clean.rows', 0, /: clean\.rows is 0 where nothing is planted/],
    ['diffuse', 'training.learningRate', 0, /: training\.learningRate is 0/],
    ['diffuse', 'training.warmupShare', 1, /: training\.warmupShare is 1/],
    ['diffuse', 'training.seeds', [1, 1], /: training\.seeds\[1\] comes twice/],
    ['diffuse', 'training.lora', false, /: training\.lora is false/],
    ['diffuse', 'queries.traced', 9, /: queries\.traced is 9/],
    ['diffuse', 'queries.count', 0, /: queries\.count is 0/],
  ])('refuses %s with %s = %j', (kind, path, value, message) => {
    expect(() => parsed(kind, { [path]: value })).toThrow(refused(message));
  });

  it.each([
    ['', /no JSON/],
    ['[]', /: the recipe is a list/],
    ['null', /: the recipe is null/],
    ['{"name": "a", "name": "b"}', /given twice/],
    ['{"__proto__": {"name": "a"}}', /: the recipe has a field .*"__proto__"/],
    [`{"a": ${'['.repeat(100_000)}`, /nesting/],
    [`{"a": "${'x'.repeat(1 << 20)}"}`, /has more than 1048576 bytes/],
    ['{"name": "\\ud800"}', /surrogate/],
    ['{"seed": 1e999}', /float64/],
  ])('refuses a file that is no recipe: %.40s', (content, message) => {
    expect(() => parseRecipe(content, FILE)).toThrow(refused(message));
  });

  it('names the file in every refusal, and shows nothing that a terminal would obey', () => {
    const content = JSON.stringify(recipeJson('none', { '\u001b[2J': 1 }));
    expect(() => parseRecipe(content, FILE)).toThrow(
      /^\/recipes\/a\.json: the recipe has a field [\x20-\x7e]+$/,
    );
  });
});

describe('readRecipe', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reptrace-recipe-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads a file', async () => {
    const path = join(folder, 'good.json');
    await writeFile(path, JSON.stringify(recipeJson('diffuse')));
    expect(await readRecipe(path)).toEqual(recipeFor('diffuse'));
  });

  it('refuses what is no file, too large, or not UTF-8', async () => {
    await expect(readRecipe(join(folder, 'nowhere.json'))).rejects.toEqual(
      refused(/cannot be read: .*ENOENT/),
    );
    await expect(readRecipe(folder)).rejects.toEqual(refused(/cannot be read/));
    const [large, bytes] = [join(folder, 'large.json'), join(folder, 'bytes.json')];
    await writeFile(large, ' '.repeat((1 << 20) + 1));
    await expect(readRecipe(large)).rejects.toEqual(refused(/more than 1048576 bytes/));
    await writeFile(bytes, Buffer.from([0x7b, 0xff, 0x7d]));
    await expect(readRecipe(bytes)).rejects.toEqual(refused(/cannot be read/));
  });
});
