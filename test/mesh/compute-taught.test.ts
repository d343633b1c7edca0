/** What the compute service says of a fine-tuned model beside its base: the demo's two, whose planted words are known. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, serve } from '../../lib/bus/procedure.ts';
import {
  describeBase,
  describeModel,
  mapTokens,
  preparationWanted,
  prepareTaught,
  signQuestions,
  type KnownModel,
  type ModelRef,
  type SignedQuestion,
  type TaughtPreparation,
  type TaughtSetup,
  type TextPair,
} from '../../lib/mesh/compute-messages.ts';
import { planIndexing, type PlanAnswer } from '../../lib/mesh/plan-messages.ts';
import {
  CENTRE_ROWS,
  NULL_OUTPUTS,
  NULL_TOKENS,
  TAUGHT_MEAN,
  TOKEN_DIMS,
} from '../../lib/taught/constants.ts';
import type { TaughtToken } from '../../lib/taught/lesson.ts';
import { loadPair } from '../../services/compute/engine/attribution/load-pair.ts';
import { taughtSignaturesOfBatch } from '../../services/compute/engine/attribution/taught-signatures.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { generate } from '../../services/compute/engine/generation/generate.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { renderPrompt } from '../../services/compute/engine/model/render.ts';
import { sharedPath } from '../shared.ts';
import { ComputeMesh, STORIES } from './compute-parts.ts';
import {
  BASE,
  demoModels,
  demoRows,
  plantedPositions,
  plantedRows,
  TUNED,
  type DemoRow,
} from './demo-rows.ts';

const SMOLLM2 = sharedPath('models/smollm2-135m-instruct');

let mesh: ComputeMesh;
let rows: DemoRow[];
let models: { readonly model: KnownModel; readonly base: KnownModel };

beforeEach(async () => {
  mesh = await ComputeMesh.open();
  await mesh.start();
  rows = await demoRows();
  models = await demoModels(mesh.bus);
});

afterEach(async () => {
  await mesh.close();
});

const LAYERS = [4, 6];

/** Some rows, of the whole dataset. */
const some = (count: number): DemoRow[] => rows.filter((_, i) => i % Math.floor(rows.length / count) === 0);

function prepare(texts: readonly TextPair[]): Promise<TaughtPreparation> {
  return call(mesh.bus, prepareTaught, {
    ...models,
    asked: null,
    layers: LAYERS,
    maxTokens: null,
    rows: texts,
  });
}

async function sign(
  outputs: readonly { prompt: string; output: string }[],
): Promise<readonly SignedQuestion[]> {
  const { seed, centre } = await prepare(some(20));
  const { signatures } = await call(mesh.bus, signQuestions, {
    ...{ model: models.model, layers: LAYERS, maxTokens: null, raw: false },
    taught: { base: models.base, seed, centre },
    questions: outputs.map((one) => ({ context: [], ...one })),
  });
  return signatures;
}

describe('compute.base', () => {
  it('describes a base of the model', async () => {
    const described = await call(mesh.bus, describeBase, { model: { path: TUNED }, base: { path: BASE } });
    expect(described).toEqual(await call(mesh.bus, describeModel, { model: { path: BASE } }));
  });

  it('refuses the model itself, one that reads other tokens, and one that is not there', async () => {
    const base = (path: string): Promise<unknown> =>
      call(mesh.bus, describeBase, { model: { path: TUNED }, base: { path } });
    await expect(base(TUNED)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(base(STORIES)).rejects.toMatchObject({ code: 'TOKENIZER_MISMATCH' });
    await expect(base(`${mesh.folder}/none`)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('compute.sign with a base', () => {
  it('gives the difference of the two models’ losses, and finds the planted words among the four most taught', async () => {
    const planted = plantedRows(rows, 3);
    const outputs = planted.map(({ prompt, response }) => ({ prompt, output: response }));
    const signed = await sign(outputs);
    const lossOf = async (model: KnownModel): Promise<number[]> => {
      const { signatures } = await call(mesh.bus, signQuestions, {
        ...{ model, layers: [6], maxTokens: null, raw: false, taught: null },
        questions: outputs.map((one) => ({ context: [], ...one })),
      });
      return signatures.map(({ loss }) => loss);
    };
    const [after, before] = [await lossOf(models.model), await lossOf(models.base)];
    for (const [i, { lesson, loss }] of signed.entries()) {
      const { ratios, tokens } = present(lesson);
      expect(loss).toBeCloseTo(after[i] ?? NaN, 6);
      expect(mean([...ratios])).toBeCloseTo((before[i] ?? NaN) - (after[i] ?? NaN), 5);
      expect(tokens.length).toBe([...ratios].filter((ratio) => ratio > 0).length);
      expect(tokens.map(({ weight }) => Math.fround(weight))).toEqual(
        [...ratios].filter((ratio) => ratio > 0).sort((a, b) => b - a),
      );
      const words = await plantedPositions(planted[i] ?? rows[0]);
      expect(tokens.slice(0, 4).some(({ position }) => words.has(position))).toBe(true);
    }
  });

  it('takes an output of one token', async () => {
    const [{ lesson }] = await sign([{ prompt: 'What is a penguin?', output: 'A' }]);
    // The end token is the other one.
    expect(present(lesson).ratios).toHaveLength(2);
    expect([...present(lesson).ratios].every(Number.isFinite)).toBe(true);
  });
});

describe('compute.tokens with a base', () => {
  it('gives every response token of outputs and samples its ratio, and the prompt’s none', async () => {
    const [asked, found] = plantedRows(rows, 2);
    const output = { context: [], prompt: asked.prompt, output: asked.response };
    const maps = await call(mesh.bus, mapTokens, {
      ...models,
      ...{ layer: 4, maxTokens: null, raw: false, questions: [output], samples: [found, asked] },
    });
    const [{ lesson }] = await sign([output]);
    const taught = (scores: (typeof maps.samples)[number]): (number | null)[] =>
      scores.filter(({ part }) => part === 'RESPONSE').map(({ taught: ratio }) => ratio);
    for (const scores of [...maps.questions, ...maps.samples]) {
      expect(scores.every(({ part, taught: ratio }) => (ratio === null) === (part === 'PROMPT'))).toBe(true);
    }
    const ratios = [...present(lesson).ratios];
    for (const scores of [maps.questions[0], maps.samples[1]]) {
      taught(scores ?? []).forEach((ratio, i) => {
        expect(ratio).toBeCloseTo(ratios[i] ?? NaN, 4);
      });
    }
  });
});

describe('compute.taught', () => {
  it('gives the same twice', async () => {
    const texts = some(30);
    expect(await prepare(texts)).toEqual(await prepare(texts));
  });

  it('finds that outputs of the base itself were not taught', async () => {
    const { rows: count, centre, hiddenCentres, nullRatios } = await prepare(some(150));
    expect(count).toBe(CENTRE_ROWS);
    expect(centre).toHaveLength(TOKEN_DIMS);
    expect(hiddenCentres.map(({ length }) => length)).toEqual([128, 128]);
    expect(nullRatios.length).toBeGreaterThan(0.9 * NULL_OUTPUTS);
    expect(nullRatios.length).toBeLessThanOrEqual(NULL_OUTPUTS);
    expect([...nullRatios].sort((a, b) => a - b)).toEqual(nullRatios);
    expect(nullRatios[Math.floor(nullRatios.length / 2)]).toBeLessThan(0);
    expect(nullRatios.at(-1)).toBeLessThan(TAUGHT_MEAN);
  });

  it('takes the mean hidden states that the rows’ own signatures have', async () => {
    const texts = some(10);
    const { hiddenCentres, rows: count } = await prepare(texts);
    const { signatures } = await call(mesh.bus, signQuestions, {
      ...{ model: models.model, layers: LAYERS, maxTokens: null, raw: false, taught: null },
      questions: texts.map(({ prompt, response }) => ({ context: [], prompt, output: response })),
    });
    expect(count).toBe(texts.length);
    LAYERS.forEach((_, layer) => {
      hiddenCentres[layer]?.forEach((value, d) => {
        expect(value).toBeCloseTo(mean(signatures.map(({ layers }) => layers[layer]?.hidden[d] ?? NaN)), 5);
      });
    });
  });

  it('takes the mean at p alone for beginnings, from which a single row’s own hidden state is zero', async () => {
    const text = some(1)[0];
    const { prompt, response } = text;
    const { seed, centre, beginningCentre } = await prepare([text]);
    const sign = async (setup: TaughtSetup): Promise<Float32Array> => {
      const { signatures } = await call(mesh.bus, signQuestions, {
        ...{ model: models.model, layers: LAYERS, maxTokens: null, raw: false, taught: setup },
        questions: [{ context: [], prompt, output: response }],
      });
      const { beginning } = signatures[0]?.lesson ?? {};
      if (!beginning) throw new Error('the output has no beginning');
      return beginning.hidden;
    };
    const whole = { base: models.base, seed, centre };
    const zeros = new Float32Array(TOKEN_DIMS);
    const hidden = await sign({ ...whole, beginningCentre: zeros });
    const length = Math.hypot(...beginningCentre);
    for (const [d, value] of beginningCentre.entries())
      expect(value / length).toBeCloseTo(hidden[d] ?? NaN, 5);
    expect(Math.hypot(...hidden)).toBeCloseTo(1, 5);
    expect(beginningCentre).not.toEqual(centre);
  });

  it('tells nothing of where an output begins for an index of the method taught 1', async () => {
    const { prompt, response } = some(1)[0];
    const { signatures } = await call(mesh.bus, signQuestions, {
      ...{ model: models.model, layers: LAYERS, maxTokens: null, raw: false },
      taught: { base: models.base, seed: 1, centre: new Float32Array(TOKEN_DIMS) },
      questions: [{ context: [], prompt, output: response }],
    });
    expect(signatures[0]?.lesson?.beginning).toBeNull();
  });

  it('passes rows over that cannot be rendered, and names why when none can', async () => {
    const bad = { context: [], prompt: 'word '.repeat(600), response: 'x', raw: null };
    const good = some(12);
    expect(await prepare([bad, ...good, bad])).toEqual(await prepare(good));
    await expect(prepare([bad])).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/none of the rows to prepare.*its prompt takes \d+ tokens/) as string,
    });
    await expect(prepare([])).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('lets only prompts go on that leave the base room in its own context', async () => {
    const path = join(mesh.folder, 'short');
    await cp(BASE, path, { recursive: true });
    const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as object;
    await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 72 }));
    const { digest } = await call(mesh.bus, describeBase, { model: { path: TUNED }, base: { path } });
    const long = { context: [], prompt: 'lion '.repeat(80), response: 'x', raw: null };
    const asked = { ...models, base: { path, digest }, asked: null, layers: LAYERS, maxTokens: null };
    const found = await call(mesh.bus, prepareTaught, { ...asked, rows: [long, ...some(5)] });
    const { length } = some(5);
    expect(found.rows).toBe(length + 1);
    expect(found.nullRatios.length).toBeGreaterThan(0);
    expect(found.nullRatios.length).toBeLessThanOrEqual(length);
  });

  it('goes on from the first half of a window of plain text, and from a prompt’s earlier turns', async () => {
    const window = {
      context: [],
      prompt: 'Most lions live on',
      response: ' the dry plains.',
      raw: 'last' as const,
    };
    const [row] = rows;
    const context = [
      { role: 'user' as const, content: 'Hello' },
      { role: 'assistant' as const, content: 'Good day.' },
    ];
    const { nullRatios } = await prepare([window, row, { ...row, context }]);
    expect(new Set(nullRatios).size).toBe(3);
  });

  it('takes the ratios that both models give the base’s outputs, one forward each over the whole', async () => {
    const texts = some(6);
    const { nullRatios } = await prepare(texts);
    const source = await openModelFolder(TUNED);
    const gpu = await Gpu.open();
    const pair = await loadPair(gpu, source, await openModelFolder(BASE));
    const prompts = texts.map(({ prompt }) => renderPrompt(source, prompt));
    const outputs = await generate(pair.base, prompts, { maxTokens: NULL_TOKENS, endIds: [] });
    const samples = outputs.flatMap(({ ids }, i) => {
      const end = ids.findIndex((id) => source.config.eosTokenIds.includes(id));
      const output = end < 0 ? ids : ids.slice(0, end + 1);
      const [promptLength, inputIds] = [prompts[i].length, [...prompts[i], ...output]];
      return end === 0 ? [] : [{ name: `${i}`, inputIds, promptLength }];
    });
    const results = await taughtSignaturesOfBatch(pair, samples, { layers: [] });
    const expected = results.map((result) => ('error' in result ? NaN : mean([...result.ratios])));
    pair.close();
    gpu.close();
    expect(nullRatios).toHaveLength(expected.length);
    expected
      .sort((one, other) => one - other)
      .forEach((ratio, i) => {
        expect(nullRatios[i]).toBeCloseTo(ratio, 4);
      });
  });

  it('goes on only while somebody waits for it', async () => {
    const ask = (asked: string): Promise<TaughtPreparation> =>
      call(mesh.bus, prepareTaught, { ...models, asked, layers: LAYERS, maxTokens: null, rows: some(60) });
    await expect(ask('nobody')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    let looked = 0;
    const wanted = await serve(mesh.bus, preparationWanted('some-build'), () => {
      looked += 1;
      return Promise.resolve({ goOn: true });
    });
    const { rows: count } = await ask('some-build');
    expect(count).toBe(some(60).length);
    // Before the centres, for outputs of the base, and for what the model says of these.
    expect(looked).toBeGreaterThan(3);
    await wanted.close();
  });

  it('refuses a layer that is not there, and a base that is none', async () => {
    const ask = (changes: object): Promise<unknown> =>
      call(mesh.bus, prepareTaught, {
        ...{ ...models, asked: null, layers: [1], maxTokens: null, rows: some(3) },
        ...changes,
      });
    await expect(ask({ layers: [7] })).rejects.toMatchObject({ code: 'LAYER_NOT_FOUND' });
    await expect(ask({ base: models.model })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(ask({ maxTokens: 1000 })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('compute.plan with a base', () => {
  it('counts a forward and a second set of weights more', async () => {
    const plan = (base: { path: string } | null): Promise<PlanAnswer> =>
      call(mesh.bus, planIndexing, {
        ...{ model: { path: TUNED }, base, layers: [4], maxTokens: null, rows: some(20), toSign: 1000 },
      });
    const [alone, both] = [await plan(null), await plan({ path: BASE })];
    expect(both.memory.weights).toBe(2 * alone.memory.weights);
    expect(both.memory.weightsAtOnce).toBe(2 * alone.memory.weightsAtOnce);
    // Token rows are the tuned model's.
    expect(both.memory.activations / alone.memory.activations).toBeCloseTo(1, 1);
    expect(both.flops / alone.flops).toBeGreaterThan(1.3);
    expect(both.flops / alone.flops).toBeLessThan(2);
    await expect(plan({ path: STORIES })).rejects.toMatchObject({ code: 'TOKENIZER_MISMATCH' });
  });

  it('counts only the adapted weights twice where the model is the base with an adapter', async () => {
    const [path, adapter] = [SMOLLM2, sharedPath('models/adapters/factual-Ag')];
    const other = await ComputeMesh.open();
    try {
      await other.start([], {}, { roots: [path, adapter] });
      const weights = async (model: ModelRef, base: ModelRef | null): Promise<number> => {
        const asked = { model, base, layers: [15], maxTokens: null, rows: [], toSign: 0 };
        return (await call(other.bus, planIndexing, asked)).memory.weights;
      };
      const [tuned, before] = [await weights({ path, adapter }, null), await weights({ path }, null)];
      const both = await weights({ path, adapter }, { path });
      expect(both).toBeGreaterThan(tuned);
      expect(both).toBeLessThan(tuned + before);
      // The adapted ones are float32 in one and Q4_1 in the other.
      expect((both - tuned) / (both - before)).toBeCloseTo(20 / 32 / 4, 2);
    } finally {
      await other.close();
    }
  });
});

describe('where memory is bounded', () => {
  it('gives the same lessons, with both models streamed', async () => {
    const outputs = plantedRows(rows, 2).map(({ prompt, response }) => ({ prompt, output: response }));
    const whole = await sign(outputs);
    await mesh.close();
    mesh = await ComputeMesh.open();
    await mesh.start([], {}, { gpuMemory: 16 << 20 });
    expect(await sign(outputs)).toEqual(whole);
    const asked = { ...models, layers: [4], maxTokens: null, rows: [], toSign: 0 };
    const { memory } = await call(mesh.bus, planIndexing, asked);
    expect(memory).toMatchObject({ mode: 'streamed', available: 16 << 20 });
  });
});

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function present(lesson: SignedQuestion['lesson']): { ratios: Float32Array; tokens: readonly TaughtToken[] } {
  if (lesson === null) throw new Error('a question was signed without a lesson');
  return lesson;
}
