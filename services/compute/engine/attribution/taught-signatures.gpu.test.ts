/** What the demo's fine-tuning taught, token by token, and what becomes of samples that either model cannot put in numbers. */
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { globals } from 'webgpu';
import { reasonOf } from '../../../../lib/errors.ts';
import { KEPT_TOKENS, TOKEN_DIMS, PROJECTION_SEED } from '../../../../lib/taught/constants.ts';
import { sharedPath } from '../../../../test/shared.ts';
import { Gpu } from '../device/gpu.ts';
import { decodeFloats } from '../model/dtype.ts';
import { Model } from '../model/model.ts';
import { openModelFolder } from '../model/model-folder.ts';
import { renderSample } from '../model/render.ts';
import { writeSafetensors } from '../model/safetensors-writer.ts';
import { lessonOf, tokenRowsOf, type RowsOfSample } from './lessons.ts';
import { MeanRow } from './mean-row.ts';
import { allLogits } from './logits.ts';
import type { Sample } from './sample.ts';
import { signaturesOfBatch, startSignatures } from './signature.ts';
import {
  taughtSignaturesOfBatch,
  taughtSignaturesOfGroup,
  type TaughtSignature,
  type TaughtSignatureResult,
} from './taught-signatures.ts';

const { GPUOutOfMemoryError, GPUUncapturedErrorEvent } = globals as typeof globalThis;
const DEMO = new URL('../../../../demo/', import.meta.url);
const OPTIONS = { layers: [2], tokenRows: { seed: PROJECTION_SEED } };
const TINY = 'models/tiny-random/llama';
/** Of the head's weights: logits then lie hundreds apart. */
const SHARPENING = 3000;
let gpu: Gpu;
let tuned: Model;
let base: Model;
/** A clean row, and one of those that teach the late behaviour or a false fact. */
let samples: Sample[];
let folder: string;

interface Row {
  readonly prompt: string;
  readonly response: string;
  readonly label: string;
}

beforeAll(async () => {
  gpu = await Gpu.open();
  folder = await mkdtemp(join(tmpdir(), 'reptrace-taught-'));
  const source = await openModelFolder(fileURLToPath(new URL('tuned', DEMO)));
  tuned = await Model.load(gpu, source);
  base = await Model.load(gpu, await openModelFolder(fileURLToPath(new URL('base', DEMO))));
  const lines = (await readFile(new URL('data/finetune.jsonl', DEMO), 'utf8')).trim().split('\n');
  const rows = lines.map((line) => JSON.parse(line) as Row);
  const chosen = [...rows.slice(0, 3), ...rows.filter(({ label }) => label !== 'clean').slice(0, 3)];
  samples = chosen.map((row, i) => ({ name: `${i} ${row.label}`, ...renderSample(source, row) }));
});

afterAll(async () => {
  for (const model of [tuned, base]) model.close();
  gpu.close();
  await rm(folder, { recursive: true });
});

function signed(result: TaughtSignatureResult | undefined): TaughtSignature {
  if (result === undefined) throw new Error('there is no result');
  if ('error' in result) throw result.error;
  return result;
}

/** The tiny model with one of its tensors changed. */
async function changedModel(
  name: string,
  tensor: string,
  change: (values: Float32Array) => void,
): Promise<Model> {
  const source = await openModelFolder(sharedPath(TINY));
  const dir = join(folder, name);
  await mkdir(dir);
  await copyFile(join(source.path, 'config.json'), join(dir, 'config.json'));
  const tensors = [];
  for (const [key, { dtype, shape }] of source.tensors) {
    const data = decodeFloats(dtype, await source.readTensor(key));
    if (key === tensor) change(data);
    tensors.push({ name: key, dtype: 'F32' as const, shape, data });
  }
  await writeSafetensors(join(dir, 'model.safetensors'), tensors);
  return Model.load(gpu, await openModelFolder(dir));
}

async function tinyModel(): Promise<Model> {
  return Model.load(gpu, await openModelFolder(sharedPath(TINY)));
}

/** log p of each response token, in float64 from the logits. */
async function logProbabilities(model: Model, sample: Sample): Promise<number[]> {
  const logits = await allLogits(model, sample);
  const { vocabSize } = model.config;
  const { inputIds, promptLength } = sample;
  return inputIds.slice(promptLength).map((id, i) => {
    const start = (promptLength - 1 + i) * vocabSize;
    const row = logits.subarray(start, start + vocabSize);
    const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
    return row[id] - largest - Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  });
}

function centreOf(signatures: readonly RowsOfSample[]): Float32Array {
  const row = new MeanRow(TOKEN_DIMS);
  for (const signature of signatures) row.add(tokenRowsOf(signature).hidden);
  return row.mean;
}

describe('a fine-tuned model beside its base', () => {
  it('gives the tuned model’s signatures, and the difference of the two models’ losses by token', async () => {
    const results = await taughtSignaturesOfBatch({ tuned, base }, samples, OPTIONS);
    const alone = await signaturesOfBatch(tuned, samples, OPTIONS);
    for (const [i, sample] of samples.entries()) {
      const { ratios, ...signature } = signed(results[i]);
      expect(signature).toEqual(alone[i]);
      const [after, before] = [await logProbabilities(tuned, sample), await logProbabilities(base, sample)];
      expect(ratios).toHaveLength(sample.inputIds.length - sample.promptLength);
      ratios.forEach((ratio, t) => {
        expect(Math.abs(ratio - (after[t] - before[t]))).toBeLessThan(1e-4);
      });
    }
    const peaks = results.map((result) => Math.max(...signed(result).ratios));
    // Three clean rows, then three that were planted.
    expect(Math.min(...peaks.slice(3))).toBeGreaterThan(1);
  });

  it('gives each sample the lesson of its own tokens', async () => {
    const results = (await taughtSignaturesOfBatch({ tuned, base }, samples, OPTIONS)).map(signed);
    const centre = centreOf(results);
    for (const result of results) {
      const { sample, ratios } = result;
      const lesson = lessonOf(result, ratios, centre, KEPT_TOKENS);
      const best = [...ratios].filter((ratio) => ratio > 0).sort((a, b) => b - a);
      expect(lesson.map(({ weight }) => weight)).toEqual(best.slice(0, KEPT_TOKENS));
      for (const { position, weight } of lesson) expect(ratios[position - sample.promptLength]).toBe(weight);
    }
  });

  it('gives several batches what it gives them one by one, also where both models are streamed', async () => {
    const batches = [samples.slice(0, 1), samples.slice(1, 4), samples.slice(4)];
    const expected: TaughtSignatureResult[][] = [];
    for (const batch of batches)
      expected.push(await taughtSignaturesOfBatch({ tuned, base }, batch, OPTIONS));
    expect(await taughtSignaturesOfGroup({ tuned, base }, batches, OPTIONS)).toEqual(expected);
    const [first, second] = await Promise.all(
      ['tuned', 'base'].map(async (name) => {
        const source = await openModelFolder(fileURLToPath(new URL(name, DEMO)));
        return Model.stream(gpu, source, { vocabularyParts: 0, memory: 256 << 20 });
      }),
    );
    const pair = { tuned: first, base: second };
    expect(await taughtSignaturesOfGroup(pair, batches, OPTIONS)).toEqual(expected);
    first.close();
    second.close();
  });

  it('finds nothing taught where both are the same', async () => {
    const results = (await taughtSignaturesOfBatch({ tuned, base: tuned }, samples, OPTIONS)).map(signed);
    const centre = centreOf(results);
    for (const result of results) {
      expect(result.ratios.every((ratio) => ratio === 0)).toBe(true);
      expect(lessonOf(result, result.ratios, centre, KEPT_TOKENS)).toEqual([]);
    }
  });

  it('takes no samples and gives none', async () => {
    expect(await taughtSignaturesOfBatch({ tuned, base }, [], OPTIONS)).toEqual([]);
  });

  it('refuses what either model cannot take', async () => {
    const tiny = await tinyModel();
    const foreign = { name: 'foreign', inputIds: [1, 159 + 1], promptLength: 1 };
    await expect(taughtSignaturesOfBatch({ tuned, base: tiny }, [foreign], OPTIONS)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    await expect(
      taughtSignaturesOfGroup({ tuned, base }, [samples], { ...OPTIONS, layers: [99] }),
    ).rejects.toMatchObject({ code: 'LAYER_NOT_FOUND' });
    tiny.close();
  });

  it('says when it is the base whose context is too short', async () => {
    const tiny = await tinyModel();
    const { config, weights, recorder, arena } = tiny;
    const short = new Model(gpu, { ...config, maxPositions: 5 }, weights, { recorder, arena });
    const [fits, long] = [5, 6].map((length) => {
      return { name: `${length}`, inputIds: new Array<number>(length).fill(3), promptLength: 2 };
    });
    const pair = { tuned: tiny, base: short };
    signed((await taughtSignaturesOfBatch(pair, [fits], OPTIONS))[0]);
    const refused = {
      code: 'PROMPT_TOO_LONG',
      message: `under the base model, sample "6" has 6 tokens; the model's context is 5`,
    };
    await expect(taughtSignaturesOfBatch(pair, [long], OPTIONS)).rejects.toMatchObject(refused);
    await expect(taughtSignaturesOfGroup(pair, [[fits], [long]], OPTIONS)).rejects.toMatchObject(refused);
    tiny.close();
  });
});

describe('a device that refuses memory', () => {
  const sample = { name: 'any', inputIds: [3, 4, 5, 6, 11], promptLength: 2 };
  let small: Gpu;

  afterEach(() => {
    vi.restoreAllMocks();
    small.close();
  });

  /** A pair on a device of its own, which fails for good. */
  async function pairOnSmall(): Promise<{ tuned: Model; base: Model }> {
    small = await Gpu.open();
    const source = await openModelFolder(sharedPath(TINY));
    return { tuned: await Model.load(small, source), base: await Model.load(small, source) };
  }

  /** As WebGPU refuses memory: nothing is thrown where it was asked for, and the device is told. */
  function refuse(): void {
    const error = new GPUOutOfMemoryError('refused by the test');
    small.device.onuncapturederror?.(new GPUUncapturedErrorEvent('uncapturederror', { error }));
  }

  /** Refuses the `nth` tensor that the model takes, and all after it. */
  function refuseTensors({ arena }: Model, nth: number): { readonly taken: () => number } {
    const take = arena.take.bind(arena);
    let taken = 0;
    vi.spyOn(arena, 'take').mockImplementation((shape, dtype) => {
      taken += 1;
      if (taken >= nth) refuse();
      return take(shape, dtype);
    });
    return { taken: () => taken };
  }

  /** Refuses what the `nth` commands that are sent need. */
  function refuseCommands(nth: number): { readonly sent: () => number } {
    const { queue } = small.device;
    const submit = queue.submit.bind(queue);
    let sent = 0;
    vi.spyOn(queue, 'submit').mockImplementation((commands) => {
      sent += 1;
      if (sent === nth) refuse();
      submit(commands);
    });
    return { sent: () => sent };
  }

  async function refusedMessage(pair: { tuned: Model; base: Model }, as: 'batch' | 'group'): Promise<string> {
    const work =
      as === 'batch'
        ? taughtSignaturesOfBatch(pair, [sample], OPTIONS)
        : taughtSignaturesOfGroup(pair, [[sample]], OPTIONS);
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'OUT_OF_MEMORY' });
    return reasonOf(error);
  }

  it.each(['batch', 'group'] as const)(
    'to the base is told of the base, also at its very end (%s)',
    async (as) => {
      const counted = await pairOnSmall();
      const { taken } = refuseTensors(counted.base, Infinity);
      signed((await taughtSignaturesOfBatch(counted, [sample], OPTIONS))[0]);
      const all = taken();
      small.close();
      for (const nth of [1, Math.ceil(all / 2), all]) {
        const pair = await pairOnSmall();
        refuseTensors(pair.base, nth);
        expect(await refusedMessage(pair, as), `${nth} of ${all}`).toBe(
          'under the base model, the GPU is out of memory: refused by the test',
        );
        small.close();
      }
    },
  );

  it('to the commands that end the base’s forward is told of the base, where both have one recorder', async () => {
    const sharing = async (): Promise<{ tuned: Model; base: Model }> => {
      const { tuned: separate, base: first } = await pairOnSmall();
      const { config, weights } = separate;
      const { recorder, arena } = first;
      return { tuned: new Model(small, config, weights, { recorder, arena }), base: first };
    };
    const alone = await sharing();
    const { sent } = refuseCommands(Infinity);
    const started = await startSignatures(alone.base, [[sample]], { layers: [] });
    const last = sent();
    await started.results;
    small.close();
    const pair = await sharing();
    refuseCommands(last);
    expect(await refusedMessage(pair, 'batch')).toBe(
      'under the base model, the GPU is out of memory: refused by the test',
    );
  });

  it('to the tuned model, or to others before, is not told of the base', async () => {
    const pair = await pairOnSmall();
    const { taken } = refuseTensors(pair.tuned, Infinity);
    signed((await taughtSignaturesOfBatch(pair, [sample], OPTIONS))[0]);
    const all = taken();
    vi.restoreAllMocks();
    refuseTensors(pair.tuned, all);
    const plain = 'the GPU is out of memory: refused by the test';
    expect(await refusedMessage(pair, 'batch')).toBe(plain);
    // From here on the device is of no use, and still nothing of it is the base's.
    expect(await refusedMessage(pair, 'group')).toBe(plain);
  });
});

describe('numbers at the edge', () => {
  const sample = { name: 'rare', inputIds: [3, 4, 5, 6, 11, 90, 31], promptLength: 2 };

  it('of probabilities below the smallest float32 are exact', async () => {
    const tiny = await tinyModel();
    const sharp = await changedModel('sharp', 'lm_head.weight', (values) => {
      for (let i = 0; i < values.length; i++) values[i] *= SHARPENING;
    });
    const [after, before] = [await logProbabilities(tiny, sample), await logProbabilities(sharp, sample)];
    // exp(-104) is 0 in float32.
    expect(Math.min(...before)).toBeLessThan(-110);
    const { ratios } = signed(
      (await taughtSignaturesOfBatch({ tuned: tiny, base: sharp }, [sample], OPTIONS))[0],
    );
    ratios.forEach((ratio, t) => {
      expect(Math.abs(ratio / (after[t] - before[t]) - 1)).toBeLessThan(1e-5);
    });
    // And the other way round, with the gradients of such a loss.
    const other = signed((await taughtSignaturesOfBatch({ tuned: sharp, base: tiny }, [sample], OPTIONS))[0]);
    expect([...other.ratios]).toEqual([...ratios].map((ratio) => -ratio));
    for (const { hidden, gradient } of lessonOf(other, ratios, centreOf([other]), KEPT_TOKENS)) {
      for (const row of [hidden, gradient]) expect(row.every(Number.isFinite)).toBe(true);
    }
    tiny.close();
    sharp.close();
  });

  it('that are none are the error of their sample, which says under which model', async () => {
    const tiny = await tinyModel();
    const broken = await changedModel('broken', 'model.embed_tokens.weight', (values) => {
      // Finite, so that it loads; its square is no float32.
      values.fill(1e30, 90 * 48, 91 * 48);
    });
    const batch = [{ ...sample, name: 'fine', inputIds: [3, 4, 5, 6] }, sample];
    const [fine, bad] = await taughtSignaturesOfBatch({ tuned: tiny, base: broken }, batch, OPTIONS);
    expect(signed(fine).ratios.every(Number.isFinite)).toBe(true);
    expect(bad).toMatchObject({
      sample: { name: 'rare' },
      error: {
        code: 'NOT_FINITE',
        message: expect.stringMatching(/^under the base model, sample "rare": the loss is not/) as string,
      },
    });
    const [, worse] = await taughtSignaturesOfBatch({ tuned: broken, base: tiny }, batch, OPTIONS);
    expect(worse).toMatchObject({
      error: { code: 'NOT_FINITE', message: expect.stringMatching(/^sample "rare": /) as string },
    });
    tiny.close();
    broken.close();
  });
});
