import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../../lib/bus/memory-bus.ts';
import { serve, type Procedure } from '../../../lib/bus/procedure.ts';
import { mapTokens, signQuestions, type TokenScore } from '../../../lib/mesh/compute-messages.ts';
import { searchIndex, type Manifest, type OpenIndex } from '../../../lib/mesh/index-messages.ts';
import { ALL_NEW, ALL_NEW_REMEDY } from '../../../lib/taught/all-new.ts';
import { TOKEN_DIMS } from '../../../lib/taught/constants.ts';
import { checkQuestion, type AskedQuestion } from './check-question.ts';
import { groupsByText, runTrace, tokenLayerOf } from './run-trace.ts';
import type { Trace } from './trace.ts';

type RequestOf<P> = P extends Procedure<infer Request, unknown> ? Request : never;

/** As many as a verdict asks for. */
const NULL_RATIOS = Array.from({ length: 20 }, (_, i) => -1 + i / 40);
const BASE = { digest: 'b'.repeat(64), path: '/models/base' };
const CENTRE = Array.from({ length: TOKEN_DIMS }, (_, i) => i / 8);
const EVIDENCE = { output: 0, outputPosition: 4, samplePosition: 5, weight: 0.5 };

const without = {
  model: { digest: 'm', path: '/m', adapter: null, layers: 6 },
  layers: { layers: [4] },
  maxTokens: null,
  dataset: { textWindow: null },
  taught: null,
} as unknown as Manifest;
const withBase = {
  ...without,
  taught: { base: BASE, seed: 7, centre: CENTRE, nullRatios: NULL_RATIOS },
} as unknown as Manifest;

describe('runTrace', () => {
  let bus: MemoryBus;
  let signed: RequestOf<typeof signQuestions>[];
  let searched: RequestOf<typeof searchIndex>[];
  let mapped: RequestOf<typeof mapTokens>[];
  /** Of the outputs, in their order. */
  let ratios: readonly number[][];
  /** Whether the index's samples have beginnings. */
  let begins: boolean;

  beforeEach(async () => {
    bus = new MemoryBus();
    [signed, searched, mapped] = [[], [], []];
    ratios = [[2, 0.5]];
    begins = true;
    const row = new Float32Array(TOKEN_DIMS);
    const lessonOf = (values: readonly number[]) => ({
      ratios: Float32Array.from(values),
      tokens: values.flatMap((weight, i) =>
        weight > 0 ? [{ position: 3 + i, weight, gradient: row, hidden: row }] : [],
      ),
      beginning: begins ? { position: 2, gradient: row, hidden: row } : null,
    });
    await serve(bus, signQuestions, (request) => {
      signed.push(request);
      const { questions, taught } = request;
      const lesson = (i: number) => (taught === null ? null : lessonOf(ratios[i]));
      const signatures = questions.map((_, i) => ({
        ...{ layers: [], loss: 1, truncated: false, lesson: lesson(i) },
      }));
      return Promise.resolve({ signatures });
    });
    await serve(bus, searchIndex, (request) => {
      searched.push(request);
      const origin = { id: 's', row: 0, line: 1, sourceRow: 0, part: null, taught: 3, truncated: false };
      const text = { context: [], prompt: '', response: 'x', raw: null, label: null, metadata: {}, loss: 1 };
      const evidence = request.method === 'TAUGHT' ? [EVIDENCE] : null;
      const hit = { sample: { ...origin, ...text }, score: 1, hiddenScore: 0, gradientScore: 0, evidence };
      return Promise.resolve({ hits: [hit], more: false, exact: true, recall: 1 });
    });
    await serve(bus, mapTokens, (request) => {
      mapped.push(request);
      const taught = request.base === null ? null : 2;
      const token: TokenScore = { text: 'x', score: 0.5, taught, part: 'RESPONSE', position: 0 };
      return Promise.resolve({ questions: request.questions.map(() => [token]), samples: [[token]] });
    });
  });
  afterEach(() => bus.close());

  const run = (manifest: Manifest, asked: Partial<AskedQuestion> = {}): Promise<Trace> => {
    const index: OpenIndex = { id: 'i', name: 'n', manifest, manifestDigest: 'd' };
    const question = checkQuestion({ output: 'no', prompt: 'yes?', ...asked });
    return runTrace(bus, 'id', index, question, new AbortController().signal);
  };

  it('signs beside the base model as the samples were, and searches by the taught words', async () => {
    const trace = await run(withBase);
    expect(signed[0]?.taught).toEqual({ base: BASE, seed: 7, centre: Float32Array.from(CENTRE) });
    expect(searched[0]).toMatchObject({ method: 'TAUGHT', prompted: true });
    expect(searched[0]?.lessons?.map((tokens) => tokens.map(({ weight }) => weight))).toEqual([[2, 0.5]]);
    expect(mapped[0]?.base).toEqual(BASE);
    expect(trace).toMatchObject({
      ...{ method: 'TAUGHT', methodReason: 'the index has a base model', alpha: null },
      verdict: { state: 'TAUGHT', meanRatio: 1.25, peakRatio: 2, pValue: 1 / 21, nullOutputs: 20 },
      matches: [{ rank: 1, evidence: [EVIDENCE], tokens: [{ taught: 2 }] }],
    });
  });

  it('searches by where the output begins too, if the samples have it and there is a prompt', async () => {
    const asked = async (change: Partial<AskedQuestion> = {}): Promise<unknown> => {
      await run(withBase, { method: 'TAUGHT', ...change });
      return searched.at(-1)?.beginnings?.map(({ position }) => position);
    };
    ratios = [[2], [1]];
    expect(await asked({ outputs: ['never'] })).toEqual([2, 2]);
    expect(await asked({ prompt: null })).toBeUndefined();
    await run(withBase, { method: 'REPT' });
    expect(searched.at(-1)?.beginnings).toBeNull();
    begins = false;
    expect(await asked()).toBeUndefined();
  });

  it('signs as the samples were: beside the centre at p where the index has one', async () => {
    const beginningCentre = CENTRE.map((value) => -value);
    const taught = { ...withBase.taught, beginningCentre };
    await run({ ...withBase, taught } as unknown as Manifest);
    expect(signed[0]?.taught?.beginningCentre).toEqual(Float32Array.from(beginningCentre));
  });

  it('says that ratios tell little where all of the data is new to the base model, and what to do', async () => {
    const taught = { ...withBase.taught, nullRatios: NULL_RATIOS.map(() => -1) };
    const { verdict, questions } = await run({ ...withBase, taught } as unknown as Manifest);
    for (const { words, remedy } of [verdict, ...questions.map((question) => question.verdict)]) {
      expect(words).toContain(ALL_NEW);
      expect(remedy).toContain(ALL_NEW_REMEDY);
    }
    expect((await run(withBase)).verdict.words).not.toContain(ALL_NEW);
  });

  it('has a verdict whatever the method', async () => {
    for (const asked of [{ alpha: 0.3 }, { method: 'RAW' as const }, { method: 'REPT' as const }]) {
      const trace = await run(withBase, asked);
      expect(trace.verdict.state).toBe('TAUGHT');
      expect(trace.matches[0].evidence).toBeNull();
    }
    expect(searched.map(({ method, lessons }) => [method, lessons])).toEqual([
      ['REPT', null],
      ['RAW', null],
      ['REPT', null],
    ]);
    expect(searched.map(({ alpha }) => alpha)).toEqual([0.3, 0, 0.5]);
  });

  it('judges each of several outputs and all of them', async () => {
    ratios = [
      [2, 2],
      [-2, -2],
    ];
    const { questions, verdict } = await run(withBase, { outputs: ['never'] });
    expect(questions.map((asked) => asked.verdict.state)).toEqual(['TAUGHT', 'NOT_TAUGHT']);
    expect(verdict).toMatchObject({ state: 'NOT_TAUGHT', meanRatio: 0 });
  });

  it('lists the nearest samples of an output that was not taught', async () => {
    ratios = [[-2, 0.1]];
    const { verdict, method, matches } = await run(withBase);
    expect([verdict.state, method, matches.length]).toEqual(['NOT_TAUGHT', 'TAUGHT', 1]);
  });

  it('says so where no word was taught, and goes by the signature unless told otherwise', async () => {
    ratios = [[-2, 0]];
    expect(await run(withBase)).toMatchObject({
      ...{ method: 'REPT', alpha: 0.5, methodReason: expect.stringContaining('no word') as string },
      verdict: { state: 'NOT_TAUGHT' },
    });
    expect(await run(withBase, { method: 'TAUGHT' })).toMatchObject({
      ...{
        method: 'TAUGHT',
        methodReason: 'asked for; no word of the output was taught, so only where it begins counts',
      },
    });
    expect(searched.map(({ lessons }) => lessons)).toEqual([null, [[]]]);
  });

  it('says that hidden states mean nothing where a prompt is missing', async () => {
    await run(withBase, { prompt: null });
    expect(searched[0]).toMatchObject({ method: 'TAUGHT', prompted: false });
  });

  it('has no verdict and a remedy without a base model', async () => {
    const trace = await run(without);
    expect(signed[0]?.taught).toBeNull();
    expect(mapped[0]?.base).toBeNull();
    expect(trace).toMatchObject({
      ...{ method: 'REPT', methodReason: 'the index has no base model', alpha: 0.5 },
      verdict: { state: 'UNKNOWN', remedy: expect.stringContaining('--base') as string, meanRatio: null },
      ...{ questions: [{ verdict: { state: 'UNKNOWN' } }], matches: [{ evidence: null }] },
    });
  });

  it('refuses TAUGHT without a base model before anything is signed', async () => {
    await expect(run(without, { method: 'TAUGHT' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect(signed).toEqual([]);
  });
});

describe('groupsByText', () => {
  const pair = (bytes: number) => ({ context: [], prompt: '', response: 'x'.repeat(bytes) });

  it('keeps the order, and groups within the bytes', () => {
    const groups = groupsByText([pair(4), pair(5), pair(2), pair(9), pair(1)], 10);
    expect(groups.map((group) => group.map(({ response }) => response.length))).toEqual([
      [4, 5],
      [2],
      [9, 1],
    ]);
  });

  it('gives a text that is too long a group of its own', () => {
    expect(groupsByText([pair(20), pair(1)], 10).map(({ length }) => length)).toEqual([1, 1]);
  });

  it('counts bytes, not characters', () => {
    expect(groupsByText([{ context: [], prompt: 'é'.repeat(5), response: '' }, pair(1)], 10)).toHaveLength(2);
  });

  it('counts the turns before a prompt', () => {
    const context = [{ role: 'user' as const, content: 'x'.repeat(20) }];
    expect(groupsByText([{ ...pair(1), context }, pair(1)], 10)).toHaveLength(2);
  });
});

describe('tokenLayerOf', () => {
  const manifest = (layers: readonly number[]): Manifest =>
    ({ layers: { layers }, model: { layers: 6 } }) as unknown as Manifest;

  it('is the first layer of the index, but never the last of the model', () => {
    expect(tokenLayerOf(manifest([4]))).toBe(4);
    expect(tokenLayerOf(manifest([2, 4]))).toBe(2);
    expect(tokenLayerOf(manifest([6]))).toBe(5);
  });
});
