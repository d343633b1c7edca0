/** What the compute service answers, over a bus and in the graph, with a real model on a real (software) GPU. */
import { readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { graphql, type GraphQLSchema } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../lib/bus/procedure.ts';
import {
  decideLayers,
  describeModel,
  describeWorker,
  generateAnswers,
  mapTokens,
  signQuestions,
  type ModelRef,
  type TokenScore,
} from '../../lib/mesh/compute-messages.ts';
import { queryOf } from '../../services/compute/engine/attribution/query.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { ComputeMesh, STORIES, withEngine, type Rendered } from './compute-parts.ts';

const MODEL: ModelRef = { path: STORIES };
const QUESTIONS = [
  { prompt: 'Tell me a story', output: 'Once upon a time, there was a little girl named Lily.' },
  { prompt: null, output: 'The big dog barked.' },
].map((question) => ({ context: [], ...question }));
const TEXTS = [
  { prompt: 'A story, please', response: 'One day, a boy named Tim went to the park — with a 漢 kite.' },
  { prompt: 'What did she say?', response: 'She said "hello" to the cat.' },
  { prompt: 'Hi', response: 'Hi!' },
].map((text) => ({ context: [], raw: null, ...text }));

let mesh: ComputeMesh;

beforeEach(async () => {
  mesh = await ComputeMesh.open();
});

afterEach(async () => {
  await mesh.close();
});

describe('compute.describe', () => {
  it('tells what the model is, also by digest alone, and what the worker has', async () => {
    const service = await mesh.start([STORIES]);
    await service.ready();
    const description = await call(mesh.bus, describeModel, { model: MODEL });
    expect(description).toMatchObject({
      ...{ architecture: 'llama', layers: 5, hiddenSize: 64, vocabSize: 512, contextLength: 512 },
      ...{ template: null, precision: 'f32', path: STORIES, loraPath: null },
    });
    expect(description.digest).toBe(await (await openModelFolder(STORIES)).digest());
    expect(description.adapterName).not.toBe('');
    expect(description.version).toMatch(/^\d+\.\d+\.\d+/);
    const { digest } = description;
    expect(await call(mesh.bus, describeModel, { model: { digest } })).toEqual(description);
    expect(await call(mesh.bus, describeWorker, {})).toMatchObject({
      adapterName: description.adapterName,
      models: [description],
    });
  });

  it('refuses paths outside, links that lead there, and models that are not there', async () => {
    await mesh.start();
    const link = join(mesh.folder, 'link');
    await symlink('/etc', link);
    const describe_ = (model: ModelRef): Promise<unknown> => call(mesh.bus, describeModel, { model });
    await expect(describe_({ path: '/etc' })).rejects.toMatchObject({ code: 'PATH_NOT_ALLOWED' });
    await expect(describe_({ path: link })).rejects.toMatchObject({ code: 'PATH_NOT_ALLOWED' });
    await expect(describe_({ path: STORIES, adapter: '/etc' })).rejects.toMatchObject({
      code: 'PATH_NOT_ALLOWED',
    });
    await expect(describe_({ path: join(mesh.folder, 'none') })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
    await expect(describe_({ digest: '0'.repeat(64) })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  it('refuses a model that was changed on disk while it is loaded, and takes it again when it is back', async () => {
    const path = await mesh.copy('model');
    await mesh.start();
    const { digest } = await call(mesh.bus, describeModel, { model: { path } });
    const sign = (): Promise<unknown> =>
      call(mesh.bus, signQuestions, {
        model: { digest, path },
        layers: [1],
        maxTokens: null,
        raw: false,
        taught: null,
        questions: QUESTIONS,
      });
    await sign();
    const file = join(path, 'model.safetensors');
    const bytes = await readFile(file);
    const changed = Uint8Array.from(bytes);
    changed[changed.length - 3] ^= 1;
    await writeFile(file, changed);
    await expect(sign()).rejects.toMatchObject({ code: 'MODEL_CHANGED' });
    await writeFile(file, bytes);
    await sign();
    await rename(path, join(mesh.folder, 'elsewhere'));
    await expect(sign()).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('compute.layers', () => {
  it('chooses by the curve over the probes that can be rendered, or takes what is named', async () => {
    await mesh.start();
    const decide = (
      layers: 'auto' | number[],
      maxTokens: number | null = null,
      probes = TEXTS,
    ): Promise<unknown> => call(mesh.bus, decideLayers, { model: MODEL, layers, maxTokens, probes });
    const bad = { context: [], prompt: 'word '.repeat(600), response: 'x', raw: null };
    const decision = await decide('auto', null, [bad, ...TEXTS]);
    expect(decision).toMatchObject({ rule: 'deep', probes: 3 });
    expect(decision).toEqual(await decide('auto'));
    expect((decision as { curve: number[] }).curve).toHaveLength(5);
    expect(await decide([4, 2, 4])).toEqual({ layers: [2, 4], rule: 'named', curve: [], probes: 0 });
    await expect(decide([6])).rejects.toMatchObject({ code: 'LAYER_NOT_FOUND' });
    await expect(decide([])).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(decide('auto', null, [bad, bad])).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/none of the rows.*its prompt takes \d+ tokens/) as string,
    });
    await expect(decide('auto', 513)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('compute.sign', () => {
  it('gives what the engine gives, bit for bit', async () => {
    await mesh.start();
    const layers = [4, 0, 5];
    const { signatures } = await call(mesh.bus, signQuestions, {
      model: MODEL,
      layers,
      maxTokens: null,
      raw: false,
      taught: null,
      questions: QUESTIONS,
    });
    const expected = await withEngine((model, render) =>
      signaturesOfBatch(
        model,
        QUESTIONS.map(({ prompt, output }) => render(prompt ?? '', output)),
        { layers },
      ),
    );
    expect(signatures).toHaveLength(2);
    for (const [i, signature] of signatures.entries()) {
      const one = expected[i];
      if (one === undefined || 'error' in one) throw new Error('no signature');
      expect(signature.loss).toBe(one.loss);
      expect(signature.lesson).toBeNull();
      expect(signature.layers.map(({ layer }) => layer)).toEqual(layers);
      for (const { layer, hidden, gradient } of signature.layers) {
        expect(hidden).toEqual(one.layers.get(layer)?.hidden);
        expect(gradient).toEqual(one.layers.get(layer)?.gradient);
      }
    }
  });

  it('cuts an output as samples of the index were cut, and says so', async () => {
    await mesh.start();
    const [question] = QUESTIONS;
    const sign = (maxTokens: number | null) =>
      call(mesh.bus, signQuestions, {
        model: MODEL,
        layers: [1],
        maxTokens,
        raw: false,
        taught: null,
        questions: [question],
      });
    const [whole, cut] = [await sign(null), await sign(40)];
    expect(whole.signatures[0]?.truncated).toBe(false);
    expect(cut.signatures[0]?.truncated).toBe(true);
    const expected = await withEngine((model, render) => {
      const sample = render(question.prompt ?? '', question.output);
      return signaturesOfBatch(model, [{ ...sample, inputIds: sample.inputIds.slice(0, 40) }], {
        layers: [1],
      });
    });
    const [one] = expected;
    if (one === undefined || 'error' in one) throw new Error('no signature');
    expect(cut.signatures[0]?.layers[0]?.gradient).toEqual(one.layers.get(1)?.gradient);
    await expect(sign(3)).rejects.toMatchObject({ code: 'PROMPT_TOO_LONG' });
  });

  it('refuses what does not fit, what is empty and layers that are not there, naming the output', async () => {
    await mesh.start();
    const sign = (prompt: string | null, output: string, layers = [1]): Promise<unknown> =>
      call(mesh.bus, signQuestions, {
        model: MODEL,
        layers,
        maxTokens: null,
        raw: false,
        taught: null,
        questions: [...QUESTIONS, { context: [], prompt, output }],
      });
    const long = 'once upon a time '.repeat(300);
    await expect(sign('Hi', long)).rejects.toMatchObject({
      code: 'PROMPT_TOO_LONG',
      message: expect.stringContaining('output 3') as string,
    });
    await expect(sign(long, 'Hi')).rejects.toMatchObject({ code: 'PROMPT_TOO_LONG' });
    await expect(sign('Hi', 'x'.repeat(2_000_000))).rejects.toMatchObject({ code: 'PROMPT_TOO_LONG' });
    await expect(sign('Hi', '')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('output 3') as string,
    });
    await expect(sign('Hi', 'Hi', [7])).rejects.toMatchObject({ code: 'LAYER_NOT_FOUND' });
  });
});

describe('compute.tokens', () => {
  it('gives the scores of a float64 computation from the token gradients, and texts that join to the rendering', async () => {
    await mesh.start();
    const [layer, maxTokens] = [3, 40];
    const maps = await call(mesh.bus, mapTokens, {
      model: MODEL,
      layer,
      maxTokens,
      raw: false,
      base: null,
      questions: QUESTIONS,
      samples: TEXTS,
    });
    const sides = await withEngine(async (model, render) => {
      const unitRows = async (sample: Rendered): Promise<{ p: number; unit: number[][] }> => {
        const { signature } = await queryOf(model, sample, [layer]);
        const rows = signature.layers.get(layer)?.tokenGradients ?? new Float32Array();
        const unit = sample.inputIds.map((_, t) => {
          const row = [...rows.subarray(t * 64, (t + 1) * 64)];
          const norm = Math.hypot(...row);
          return row.map((value) => (norm === 0 ? 0 : value / norm));
        });
        return { p: sample.promptLength - 1, unit };
      };
      return {
        questions: await Promise.all(
          QUESTIONS.map(({ prompt, output }) => render(prompt ?? '', output, maxTokens)).map(unitRows),
        ),
        samples: await Promise.all(
          TEXTS.map(({ prompt, response }) => render(prompt, response, maxTokens)).map(unitRows),
        ),
      };
    });
    const mean = (side: { p: number; unit: number[][] }[]): number[] =>
      Array.from(
        { length: 64 },
        (_, d) =>
          side.reduce(
            (sum, { p, unit }) => sum + unit.slice(p, -1).reduce((all, row) => all + (row[d] ?? 0), 0),
            0,
          ) / side.length,
      );
    const check = (
      scores: readonly TokenScore[],
      { p, unit }: { p: number; unit: number[][] },
      sum: number[],
    ): void => {
      expect(scores).toHaveLength(unit.length);
      for (const [t, { score, position, part }] of scores.entries()) {
        const row = unit[t < p ? t : t - 1] ?? [];
        const expected = t === p ? 0 : row.reduce((all, value, d) => all + value * (sum[d] ?? 0), 0);
        expect(Math.abs(score - expected)).toBeLessThan(1e-4);
        expect({ position, part }).toEqual({ position: t, part: t <= p ? 'PROMPT' : 'RESPONSE' });
      }
    };
    maps.questions.forEach((scores, i) => {
      check(scores, sides.questions[i] ?? { p: 0, unit: [] }, mean(sides.samples));
    });
    maps.samples.forEach((scores, i) => {
      check(scores, sides.samples[i] ?? { p: 0, unit: [] }, mean(sides.questions));
    });
    const joined = maps.questions[0]?.map(({ text }) => text).join('');
    const whole = `<s>[INST] ${QUESTIONS[0]?.prompt ?? ''} [/INST]${QUESTIONS[0]?.output ?? ''}</s>`;
    expect(whole.startsWith(joined ?? '?')).toBe(true);
    expect(maps.samples[0]).toHaveLength(maxTokens);
    expect([...maps.questions, ...maps.samples].flat().every(({ taught }) => taught === null)).toBe(true);
    expect(Math.max(...(maps.samples[0] ?? []).map(({ score }) => Math.abs(score)))).toBeGreaterThan(0.1);
  });

  it('gives the same for many outputs, in several batches, as the mean of single ones', async () => {
    await mesh.start();
    const questions = Array.from({ length: 12 }, (_, i) => ({
      context: [],
      prompt: `Story ${i}`,
      output: `${'a cat ran '.repeat(40)}${i}`,
    }));
    const ask = async (asked: typeof questions): Promise<readonly (readonly TokenScore[])[]> =>
      (
        await call(mesh.bus, mapTokens, {
          model: MODEL,
          layer: 2,
          maxTokens: null,
          raw: false,
          base: null,
          questions: asked,
          samples: TEXTS,
        })
      ).samples;
    const together = await ask(questions);
    const single = await Promise.all(questions.map((one) => ask([one])));
    for (const [s, scores] of together.entries()) {
      for (const [t, { score }] of scores.entries()) {
        const mean =
          single.reduce((sum, samples) => sum + (samples[s]?.[t]?.score ?? NaN), 0) / single.length;
        expect(Math.abs(score - mean)).toBeLessThan(1e-3);
      }
    }
  });
});

describe('compute.generate', () => {
  it('answers prompts within bounds', async () => {
    await mesh.start();
    const ask = (changes: object): Promise<{ answers: readonly { text: string; finished: boolean }[] }> =>
      call(mesh.bus, generateAnswers, {
        model: MODEL,
        prompts: ['Once'],
        maxTokens: 5,
        temperature: 0,
        seed: 0,
        ...changes,
      });
    const { answers } = await ask({});
    expect(answers).toEqual([{ text: expect.any(String) as string, finished: false }]);
    await expect(ask({ maxTokens: 5000 })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(ask({ temperature: -1 })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(ask({ prompts: [] })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('the subgraph', () => {
  const ask = async (schema: GraphQLSchema, source: string): Promise<unknown> =>
    JSON.parse(JSON.stringify(await graphql({ schema, source, contextValue: { loaders: new Map() } })));

  it('lists the models that were opened and the adapter, and resolves references to models', async () => {
    const { schema } = await mesh.start();
    expect(await ask(schema, '{ models { id } }')).toEqual({ data: { models: [] } });
    const { digest, adapterName } = await call(mesh.bus, describeModel, { model: MODEL });
    expect(await ask(schema, '{ models { id digest layers precision } adapter { name software } }')).toEqual({
      data: {
        models: [{ id: digest, digest, layers: 5, precision: 'f32' }],
        adapter: { name: adapterName, software: true },
      },
    });
    const references = ['a'.repeat(64), '../x', digest]
      .map((id) => `{__typename: "Model", id: "${id}"}`)
      .join(' ');
    expect(
      await ask(schema, `{ _entities(representations: [${references}]) { ... on Model { hiddenSize } } }`),
    ).toEqual({
      data: { _entities: [null, null, { hiddenSize: 64 }] },
    });
  });

  it('generates, and says by name what went wrong', async () => {
    const { schema } = await mesh.start();
    const generate = (input: string): Promise<unknown> =>
      ask(
        schema,
        `mutation { generate(input: ${input}) {
          ... on Generation { model { contextLength } answers { text finished } }
          ... on GenerateFailure { code remedy }
        } }`,
      );
    expect(await generate(`{model: "${STORIES}", prompts: ["Once"], maxTokens: 3}`)).toEqual({
      data: {
        generate: {
          model: { contextLength: 512 },
          answers: [{ text: expect.any(String) as string, finished: false }],
        },
      },
    });
    expect(await generate('{model: "/etc", prompts: ["Once"]}')).toMatchObject({
      data: { generate: { code: 'PATH_NOT_ALLOWED' } },
    });
    expect(await generate(`{model: "${STORIES}", prompts: ["Once"], maxTokens: 5000}`)).toMatchObject({
      data: { generate: { code: 'INPUT_INVALID' } },
    });
  });
});

describe('a worker without a GPU', () => {
  it('starts, says so in every answer, and takes no tasks', async () => {
    const service = await mesh.start([STORIES], { adapter: 'no such adapter' });
    const refused = { code: 'ADAPTER_NOT_FOUND' };
    await expect(service.ready()).rejects.toMatchObject(refused);
    await expect(call(mesh.bus, describeModel, { model: MODEL })).rejects.toMatchObject(refused);
    await expect(call(mesh.bus, describeWorker, {})).rejects.toMatchObject(refused);
    const asked = {
      model: MODEL,
      layers: [1],
      maxTokens: null,
      raw: false,
      taught: null,
      questions: QUESTIONS,
    };
    await expect(call(mesh.bus, signQuestions, asked)).rejects.toMatchObject(refused);
    const result = await graphql({ schema: service.schema, source: '{ adapter { name } models { id } }' });
    expect(result).toMatchObject({ data: { adapter: null, models: [] }, errors: [{ extensions: refused }] });
  });
});
