import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../model/model-config.ts';
import { modelTensors } from '../model/model-tensors.ts';
import { largestFitting, planMemory, weightBytes, type ModelShape } from './memory-plan.ts';

/** A Llama's shape, its matrices in bfloat16, as a folder would give it. */
function shapeOf(layers: number, vocabSize: number): ModelShape {
  const config = parseModelConfig({
    ...{ model_type: 'llama', hidden_size: 64, intermediate_size: 128, num_hidden_layers: layers },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, vocab_size: vocabSize },
    ...{ max_position_embeddings: 512, rms_norm_eps: 1e-5, rope_theta: 10_000, tie_word_embeddings: true },
  });
  const dtype = 'BF16' as const;
  return {
    config,
    tensors: new Map(modelTensors(config).map(({ name, shape }) => [name, { dtype, shape }])),
  };
}

const WORK = { memory: null, batchTokens: 64, longestSample: 32, lowestLayer: 0 };

describe('a plan of memory', () => {
  it('counts matrices as stored, vectors in float32, and a tied head once', () => {
    // q and o 64 x 64, k and v 32 x 64, gate, up and down 128 x 64; two norms.
    const block = 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 128 * 64) + 4 * 2 * 64;
    const outside = 2 * 1000 * 64 + 4 * 64;
    expect(weightBytes(shapeOf(3, 1000))).toEqual({
      ...{ total: outside + 3 * block, outsideBlocks: outside, blocks: [block, block, block] },
    });
  });

  it('keeps a model that fits, streams one that does not, in larger groups the more there is', async () => {
    const shape = shapeOf(96, 1000);
    const whole = await planMemory(shape, WORK);
    expect(whole).toMatchObject({ mode: 'resident', streaming: null, weightsAtOnce: whole.weights.total });
    expect(await planMemory(shape, { ...WORK, memory: whole.peak })).toEqual(whole);
    const batches: number[] = [];
    for (const share of [0.9, 0.7, 0.5]) {
      const memory = Math.floor(whole.peak * share);
      const plan = await planMemory(shape, { ...WORK, memory });
      expect(plan.mode).toBe('streamed');
      expect(plan.peak).toBeLessThanOrEqual(memory);
      expect(plan.peak).toBe(plan.weightsAtOnce + plan.activations);
      expect(plan.weightsAtOnce).toBeLessThan(plan.weights.total / 10);
      batches.push(plan.streaming?.batches ?? 0);
    }
    expect([...batches].sort((a, b) => b - a)).toEqual(batches);
    expect(batches[0]).toBeGreaterThan(batches[2] ?? Infinity);
  });

  it('counts token rows where they are asked for', async () => {
    const shape = shapeOf(4, 1000);
    const plain = await planMemory(shape, WORK);
    const { weights, peak } = await planMemory(shape, { ...WORK, tokenRows: true });
    expect(weights).toEqual(plain.weights);
    // Rows of 64 numbers, hidden states and gradients, for nearly all of the 64 tokens; and a matrix [64, 64].
    const least = 2 * 4 * 62 * 64 + 4 * 64 * 64;
    expect(peak - plain.peak).toBeGreaterThanOrEqual(least);
    expect(peak - plain.peak).toBeLessThan(2 * least);
  });

  it('reads blocks below the lowest asked layer once, and those above twice', async () => {
    const shape = shapeOf(96, 1000);
    const few = { ...WORK, batchTokens: 16, longestSample: 16 };
    const { weights } = await planMemory(shape, few);
    // Something is needed beside the weights whatever the layer.
    const memory = weights.total;
    const [block = 0] = weights.blocks;
    for (const lowestLayer of [0, 90, 96]) {
      const plan = await planMemory(shape, { ...few, memory, lowestLayer });
      // And a vocabulary that does not stay, for the embedding and for the head.
      const vocabulary = plan.streaming?.vocabularyParts === 0 ? 0 : 2 * (2 * 1000 * 64);
      expect(plan.streaming?.readPerGroup).toBe((96 + 96 - lowestLayer) * block + vocabulary);
    }
  });

  it('names what would be needed when nothing helps', async () => {
    const refusal = planMemory(shapeOf(4, 1000), { ...WORK, memory: 100_000 });
    await expect(refusal).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(
        /needs [\d.]+ [KM]iB .*a batch of 64 tokens; it may use 97\.7 KiB/,
      ) as string,
    });
  });
});

describe('the largest number that fits', () => {
  it.each([
    [100, 9, 9],
    [9, 100, 9],
    [0, 9, 1],
    [100, 1, 1],
    [2.5, 9, 2],
  ])('within %d, of %d at most, is %d', async (bytes, most, count) => {
    expect(await largestFitting(most, bytes, (n) => Promise.resolve(n))).toBe(count);
  });

  it('is found where needs grow faster than they began to', async () => {
    const need = (n: number): Promise<number> => Promise.resolve(n * n);
    const count = await largestFitting(50, 400, need);
    expect(count).toBeLessThanOrEqual(20);
    expect(count).toBeGreaterThan(15);
  });
});
