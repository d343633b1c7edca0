/** Token rows of real models: what the matrix makes of the rows that are read whole, in whatever company they are computed. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TOKEN_DIMS } from '../../../../lib/taught/constants.ts';
import { sharedPath } from '../../../../test/shared.ts';
import { Gpu } from '../device/gpu.ts';
import { watchMemory } from '../device/testing.ts';
import { Model } from '../model/model.ts';
import { openModelFolder } from '../model/model-folder.ts';
import { countMemory } from './memory-plan.ts';
import type { Sample } from './sample.ts';
import {
  signaturesOfBatch,
  signaturesOfGroup,
  type Signature,
  type SignatureOptions,
  type SignatureResult,
  type TokenRows,
} from './signature.ts';
import { projectionMatrix } from './token-projection.ts';

const SEED = 11;
const STORIES = 'models/stories260K/hf';
let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(() => {
  gpu.close();
});

async function withModel<T>(name: string, work: (model: Model) => Promise<T>): Promise<T> {
  const model = await Model.load(gpu, await openModelFolder(sharedPath(name)));
  try {
    return await work(model);
  } finally {
    model.close();
  }
}

/** Of many lengths: their predicting rows fill tiles of the kernel to all degrees. */
function someSamples(count: number, vocabSize: number): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `s${i}`,
    inputIds: Array.from({ length: 4 + ((i * 5) % 23) }, (_unused, t) => (i * 31 + t * 17 + 3) % vocabSize),
    promptLength: 1 + (i % 3),
  }));
}

function signed(result: SignatureResult | undefined): Signature {
  if (result === undefined) throw new Error('there is no result');
  if ('error' in result) throw result.error;
  return result;
}

function rowsOf(result: SignatureResult | undefined): TokenRows {
  const { tokenRows } = signed(result);
  if (tokenRows === undefined) throw new Error('there are no token rows');
  return tokenRows;
}

/** The rows of a matrix [positions, width] that predict the sample's response, projected in float64. */
function expectedRows(all: Float32Array | undefined, sample: Sample, width: number): Float64Array {
  if (all === undefined) throw new Error('the rows were not read');
  const matrix = projectionMatrix(SEED, width);
  const { inputIds, promptLength } = sample;
  return Float64Array.from({ length: (inputIds.length - promptLength) * TOKEN_DIMS }, (_, at) => {
    const start = (promptLength - 1 + Math.floor(at / TOKEN_DIMS)) * width;
    const row = (at % TOKEN_DIMS) * width;
    let sum = 0;
    for (let i = 0; i < width; i++) sum += all[start + i] * matrix[row + i];
    return sum;
  });
}

/** Within 1e-5 of the largest number of its own row. */
function expectClose(found: Float32Array, expected: ArrayLike<number>): void {
  expect(found).toHaveLength(expected.length);
  for (let row = 0; row < found.length; row += TOKEN_DIMS) {
    const own = Array.from({ length: TOKEN_DIMS }, (_, i) => expected[row + i]);
    const size = Math.max(...own.map(Math.abs));
    expect(size).toBeGreaterThan(0);
    const gap = Math.max(...own.map((value, i) => Math.abs(found[row + i] - value)));
    expect(gap).toBeLessThanOrEqual(1e-5 * size);
  }
}

describe('token rows', () => {
  it.each([STORIES, 'models/tiny-random/llama', 'models/tiny-random/gpt2'])(
    'are the hidden states and gradients at layer L where tokens are predicted, projected (%s)',
    (name) =>
      withModel(name, async (model) => {
        const { layers: last, hiddenSize, vocabSize } = model.config;
        const samples = someSamples(9, vocabSize);
        const whole = { layers: [last], allPositions: true, tokenGradients: true };
        const results = await signaturesOfBatch(model, samples, { ...whole, tokenRows: { seed: SEED } });
        for (const [i, sample] of samples.entries()) {
          const at = signed(results[i]).layers.get(last);
          const { hidden, gradient } = rowsOf(results[i]);
          expectClose(hidden, expectedRows(at?.hiddenAll, sample, hiddenSize));
          expectClose(gradient, expectedRows(at?.tokenGradients, sample, hiddenSize));
        }
      }),
  );

  it('are the same whatever layers are asked for, none included, and leave the rest of the signature as it is', () =>
    withModel(STORIES, async (model) => {
      const samples = someSamples(5, model.config.vocabSize);
      const tokenRows = { seed: SEED };
      const alone = await signaturesOfBatch(model, samples, { layers: [], tokenRows });
      for (const layers of [[0], [2, 4], [5], [0, 5]]) {
        const results = await signaturesOfBatch(model, samples, { layers, tokenRows });
        const without = await signaturesOfBatch(model, samples, { layers });
        results.forEach((result, i) => {
          const { tokenRows: rows, ...rest } = signed(result);
          expect(rows).toEqual(rowsOf(alone[i]));
          expect(rest).toEqual(without[i]);
        });
      }
    }));

  it('are in a packed batch what each sample has alone', () =>
    withModel(STORIES, async (model) => {
      const samples = someSamples(12, model.config.vocabSize);
      const options = { layers: [3], tokenRows: { seed: SEED } };
      const packed = await signaturesOfBatch(model, samples, options);
      for (const [i, sample] of samples.entries()) {
        const [alone] = await signaturesOfBatch(model, [sample], options);
        expectClose(rowsOf(packed[i]).hidden, rowsOf(alone).hidden);
        expectClose(rowsOf(packed[i]).gradient, rowsOf(alone).gradient);
      }
    }));

  it.each([0, 2])(
    'of several batches, their weights streamed, are the same to the last bit (parts of the vocabulary: %i)',
    async (vocabularyParts) => {
      const source = await openModelFolder(sharedPath(STORIES));
      const samples = someSamples(7, source.config.vocabSize);
      const batches = [samples.slice(0, 2), samples.slice(2, 6), samples.slice(6)];
      const model = await Model.stream(gpu, source, { vocabularyParts, memory: 64 << 20 });
      const options = { layers: [1], tokenRows: { seed: SEED } };
      const streamed = await signaturesOfGroup(model, batches, options);
      model.close();
      await withModel(STORIES, async (whole) => {
        for (const [i, batch] of batches.entries()) {
          expect(streamed[i]).toEqual(await signaturesOfBatch(whole, batch, options));
        }
      });
    },
  );

  it('follow the seed, back and forth', () =>
    withModel(STORIES, async (model) => {
      const samples = someSamples(2, model.config.vocabSize);
      const ask = async (seed: number): Promise<TokenRows> =>
        rowsOf((await signaturesOfBatch(model, samples, { layers: [], tokenRows: { seed } }))[0]);
      const first = await ask(1);
      const other = await ask(2);
      expect(other).not.toEqual(first);
      expect(await ask(1)).toEqual(first);
    }));

  it('are not there unless they are asked for', () =>
    withModel(STORIES, async (model) => {
      const [result] = await signaturesOfBatch(model, someSamples(1, 100), { layers: [2] });
      expect(signed(result)).not.toHaveProperty('tokenRows');
    }));
});

describe('memory of token rows', () => {
  it('is counted exactly, and freed with the model', async () => {
    const source = await openModelFolder(sharedPath(STORIES));
    const { config, tensors } = source;
    const batches = [someSamples(3, config.vocabSize), someSamples(5, config.vocabSize)];
    for (const vocabularyParts of [0, 2]) {
      const options: SignatureOptions = { layers: [2], tokenRows: { seed: SEED } };
      const counted = { config, tensors, bindingLimit: Infinity, kind: gpu, streaming: { vocabularyParts } };
      const watch = watchMemory(gpu);
      const model = await Model.stream(gpu, source, { vocabularyParts, memory: 64 << 20 });
      await signaturesOfGroup(model, batches, options);
      expect(watch.peak()).toBe(await countMemory(counted, batches, options));
      model.close();
      expect(watch.bytes()).toBe(model.recorder.bytes);
      vi.restoreAllMocks();
    }
  });

  it('does not grow from batch to batch', () =>
    withModel(STORIES, async (model) => {
      const samples = someSamples(4, model.config.vocabSize);
      const options = { layers: [2], tokenRows: { seed: SEED } };
      // Which buffer serves which tensor settles after some batches.
      for (let i = 0; i < 3; i++) await signaturesOfBatch(model, samples, options);
      const watch = watchMemory(gpu);
      for (let i = 0; i < 5; i++) await signaturesOfBatch(model, samples, options);
      expect(watch.peak()).toBe(0);
    }));
});
