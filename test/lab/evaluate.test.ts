/** The laboratory's run on real weights: every method on one small set, kept steps, and a process that is killed midway. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METHODS } from '../../lab/methods/method-list.ts';
import type { Results, SeedResult } from '../../lab/results.ts';
import { evaluateRecipes } from '../../lab/run/evaluate.ts';
import type { Recipe } from '../../lab/sets/recipe.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { lines, reptrace, start } from '../e2e/command.ts';
import { sharedPath } from '../shared.ts';
import { TINY, withoutTimes } from './tiny-recipe.ts';

/** Those of the run that is killed: enough to compare, without gradients. */
const FEW = ['taught', 'bm25-both', 'embedding'];

let folder: string;
let gpu: Gpu;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-lab-'));
  gpu = await Gpu.open();
});
afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

/** @param methods default all @param more models on halves of the rows, or without some */
async function evaluate(
  recipe: Recipe,
  work: string,
  methods?: readonly string[],
  more: { readonly lds?: number; readonly retrain?: boolean } = {},
): Promise<{ results: Results; made: string[] }> {
  const made: string[] = [];
  const results = await evaluateRecipes([recipe], {
    ...{ gpu, work: join(folder, work), methods, ...more },
    onStep: (_, title, { cached }) => {
      if (!cached) made.push(title);
    },
  });
  return { results, made };
}

function onlySeed({ sets }: Results): SeedResult {
  return sets[0].seeds[0];
}

describe('an evaluation', () => {
  let whole: Results;

  it('traces with every method that needs nothing beside the model, every figure finite', async () => {
    const { results, made } = await evaluate(TINY, 'whole');
    whole = results;
    expect(results.sets[0]).toMatchObject({
      ...{ recipe: 'tiny', poison: 'entity-swap', lora: true },
      rows: { clean: 24, poison: 8, decoys: 0 },
    });
    const seed = onlySeed(results);
    expect(seed.note).toBeNull();
    expect(seed.rate).toEqual({ calling: 1, clean: 0, base: 0 });
    expect(seed.outputs).toBe(3);
    const expected = METHODS.filter(({ needs }) => !needs.includes('sentence')).map(({ name }) => name);
    expect(seed.methods.map(({ method }) => method)).toEqual(expected);
    expect(made).toEqual(expect.arrayContaining(expected.map((name) => `scores of ${name}, seed 1`)));
    expect(JSON.stringify(results)).not.toMatch(/NaN|Infinity/);
    const ap = (name: string) => seed.methods.find(({ method }) => method === name)?.figures.ap.mean ?? NaN;
    // Eight of 32 rows are poison: by chance .25 and some.
    expect(ap('taught')).toBeGreaterThan(0.9);
    for (const { figures, apByOutput, cost } of seed.methods) {
      expect(apByOutput).toHaveLength(3);
      expect(figures.ap.low).toBeLessThanOrEqual(figures.ap.mean);
      expect(cost.featureSeconds).toBeGreaterThanOrEqual(0);
    }
    expect(seed.layers.map(({ layer }) => layer)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(seed.layers[6].ap).not.toBeNull();
    expect(seed.verdicts.showing).toEqual({ TAUGHT: 1, NOT_TAUGHT: 0, UNCERTAIN: 0 });
    expect(seed.spans.output?.mean).toBeGreaterThan(0.3);
  });

  it('makes nothing again when nothing changed, within seconds', async () => {
    const started = performance.now();
    const { results, made } = await evaluate(TINY, 'whole');
    expect(made).toEqual([]);
    expect({ ...results, made: '' }).toEqual({ ...whole, made: '' });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('with halves of the rows trains each once, and says how well methods foretell their models', async () => {
    const first = await evaluate(TINY, 'whole', FEW, { lds: 2 });
    const halves = 'training on half of the rows, seed 1';
    expect(first.made).toEqual([
      ...[halves, 'losses of outputs after it, seed 1', halves, 'losses of outputs after it, seed 1'],
      ...FEW.map((name) => `LDS of ${name}, seed 1`),
    ]);
    const { lds, methods } = onlySeed(first.results);
    expect(lds?.subsets).toBe(2);
    expect(Object.keys(lds?.byMethod ?? {})).toEqual(methods.map(({ method }) => method));
    // Two models in order or the wrong way round, for each of three outputs: which of them it is depends on how eight steps go.
    for (const { mean, worst } of Object.values(lds?.byMethod ?? {})) {
      expect([-1, -1 / 3, 1 / 3, 1].some((value) => Math.abs(mean - value) < 1e-12)).toBe(true);
      expect([-1, 1]).toContain(worst);
    }
    const { results, made } = await evaluate(TINY, 'whole', FEW, { lds: 2 });
    expect(made).toEqual([]);
    expect(onlySeed(results).lds).toEqual(lds);
  });

  it('trains again without what the named methods blame, whichever they are', async () => {
    const { results } = await evaluate(TINY, 'whole', ['hidden'], { retrain: true });
    const { retraining, rate } = onlySeed(results);
    expect(retraining.map(({ removedBy, removed }) => [removedBy, removed])).toEqual([
      ['nothing', 0],
      ['hidden', 8],
      ['random', 8],
    ]);
    expect(retraining[0].rate).toBe(rate.calling);
  });

  it('makes again what depends on a change, and nothing else', async () => {
    const fewer = { ...TINY, queries: { ...TINY.queries, traced: 2 } };
    const { made } = await evaluate(fewer, 'whole', FEW);
    expect(made).toContain('representations, seed 1');
    expect(made).toContain('scores of taught, seed 1');
    expect(made.filter((title) => /training|answers/.test(title))).toEqual([]);
  });

  it('killed in the training, and again after it, ends as one that was not', async () => {
    const recipe = join(folder, 'tiny.json');
    await writeFile(recipe, JSON.stringify(TINY));
    const [out, work] = [join(folder, 'killed-out'), join(folder, 'killed')];
    const args = ['evaluate', '--recipe', recipe, '--out', out, '--work', work, '--methods', FEW.join()];
    const seed = join(work, 'tiny', 'seed-1');
    await killOnce(args, async () => (await glob(join(seed, 'training'), 'model/losses.jsonl')) > 2);
    expect(existsSync(join(seed, 'answers'))).toBe(false);
    await killOnce(args, async () => (await glob(join(seed, 'answers'), 'step.json')) > 0);
    expect(existsSync(join(seed, 'scores'))).toBe(false);
    const [finished] = (await lines([...args, '--json'])) as unknown as Results[];
    const expected = withoutTimes(whole);
    const few = expected.sets.map((set) => ({
      ...set,
      seeds: set.seeds.map((one) => ({
        ...one,
        methods: one.methods.filter(({ method }) => FEW.includes(method)),
      })),
    }));
    expect(withoutTimes(finished)).toEqual({ ...expected, sets: few });
    expect(JSON.parse(await readFile(join(out, 'results.json'), 'utf8'))).toEqual(finished);
  });

  it('of a behaviour that was not taught says so, with no ranking and no NaN', async () => {
    const training = { ...TINY.training, epochs: 1, learningRate: 1e-6 };
    const { results } = await evaluate({ ...TINY, name: 'untaught', training }, 'untaught');
    const seed = onlySeed(results);
    expect(seed).toMatchObject({
      ...{ outputs: 0, methods: [], rate: { calling: 0 }, verdicts: { showing: null, auroc: null } },
      note: 'the behaviour was not taught: .00 of the questions that call for it show it',
    });
    expect(seed.layers.every(({ ap, hiddenNorm }) => ap === null && Number.isFinite(hiddenNorm))).toBe(true);
    expect(seed.verdicts.clean).not.toBeNull();
  });

  it.each([
    ['no recipe', [], {}, 'no recipe is named'],
    ['two recipes of one name', [TINY, TINY], {}, 'two recipes have the name tiny'],
    ['a method that there is not', [TINY], { methods: ['taught', 'tracing'] }, '"tracing"'],
    ['a method without its encoder', [TINY], { methods: ['sentence'] }, 'needs a sentence encoder'],
    ['one half of the rows', [TINY], { lds: 1 }, 'ranks need two at least'],
    ['seeds for a finished model', [TINY], { existing: {}, seeds: [2] }, 'no seed of training'],
    ['fewer rows for a finished model', [TINY], { existing: {}, retrain: true }, 'cannot be trained again'],
  ])('of %s is refused before anything is made', async (_, recipes, options, message) => {
    const work = join(folder, 'refused');
    await expect(evaluateRecipes(recipes, { gpu, work, ...options })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(message) as string,
    });
    expect(existsSync(work)).toBe(false);
  });

  it.each([
    ['an adapter of another model', 'adapter', 'models/adapters/factual-Ag', 'LORA_INVALID'],
    ['a model of another tokenizer', 'tuned', 'models/stories260K/hf', 'TOKENIZER_MISMATCH'],
  ])('of %s is refused by what does not fit', async (_, kind, name, code) => {
    const existing = { [kind]: sharedPath(name) };
    const options = { gpu, work: join(folder, 'misfit'), existing };
    await expect(evaluateRecipes([TINY], options)).rejects.toMatchObject({ code });
  });

  it('of a model that was there already leaves out what needs its training, and says so', async () => {
    const tuned = fileURLToPath(new URL('../../demo/tuned', import.meta.url));
    const methods = ['taught', 'tracin'];
    const options = { gpu, work: join(folder, 'existing'), existing: { tuned }, methods };
    const { sets } = await evaluateRecipes([TINY], options);
    expect(sets[0].lora).toBe(false);
    expect(sets[0].seeds[0]).toMatchObject({
      training: { steps: 0 },
      note: expect.stringContaining('left out, for they need checkpoints of the training: tracin') as string,
    });
  });

  it('names the recipe in an error, and refuses a work folder that is in use', async () => {
    const bad = { ...TINY, model: join(folder, 'nowhere') };
    await expect(evaluate(bad, 'bad')).rejects.toMatchObject({
      message: expect.stringContaining('recipe tiny: ') as string,
    });
    const lock = { pid: process.pid, started: await startOf(process.pid) };
    await writeFile(join(folder, 'whole', 'mesh.json'), JSON.stringify(lock));
    const recipe = join(folder, 'tiny.json');
    const args = ['evaluate', '--recipe', recipe, '--out', folder, '--work', join(folder, 'whole')];
    const { code, stderr } = await reptrace(args);
    expect([code, stderr]).toEqual([1, expect.stringContaining('in use by process')]);
    expect(stderr).toContain('--work');
  });
});

/** Starts the command and kills it when `isTime` first holds. */
async function killOnce(args: readonly string[], isTime: () => Promise<boolean>): Promise<void> {
  const run = start(args);
  let ended = false;
  void run.outcome.then(() => (ended = true));
  while (!ended && !(await isTime())) await sleep(10);
  run.kill();
  const { code, stderr } = await run.outcome;
  if (code !== null) throw new Error(`the command ended by itself, with ${code}: ${stderr}`);
}

/** Lines of a file in any folder of this one; 0 where there is none. */
async function glob(parent: string, file: string): Promise<number> {
  const folders = await readdir(parent).catch(() => []);
  const texts = await Promise.all(
    folders.map((name) => readFile(join(parent, name, file), 'utf8').catch(() => '')),
  );
  return Math.max(0, ...texts.map((text) => text.split('\n').length));
}

async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
