import { afterAll, beforeAll, expect, it } from 'vitest';
import { blockWeights } from '../../services/compute/engine/attribution/signature-flops.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { evenBatch } from '../engine/batch.ts';
import { smollm2Shape } from '../engine/shapes.ts';
import { dispatchesOfBlock } from './block.ts';
import { leastOfBlock } from './least.ts';

let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});
afterAll(() => {
  gpu.close();
});

it('finds the dispatches of exactly one block, which move no less than the least', async () => {
  const config = smollm2Shape({
    ...{ hidden_size: 96, intermediate_size: 160, num_attention_heads: 3, num_key_value_heads: 1 },
    ...{ head_dim: 32, vocab_size: 64 },
  });
  const samples = evenBatch(4, 24, config.vocabSize);
  const block = await dispatchesOfBlock(gpu, config, samples);
  const least = leastOfBlock(config, 4 * 24);
  for (const way of ['forward', 'taped', 'backward'] as const) {
    const sum = (of: 'work' | 'read' | 'written'): number =>
      block[way].reduce((total, dispatch) => total + dispatch[of], 0);
    // One product for each weight and row; attention, norms and activations on top.
    const products = 2 * 4 * 24 * blockWeights(config);
    expect(sum('work'), way).toBeGreaterThan(products);
    expect(sum('work'), way).toBeLessThan(1.5 * products);
    expect(block[way].length, way).toBeGreaterThanOrEqual(least[way].fused.length);
    expect(sum('read'), way).toBeGreaterThanOrEqual(least[way].bytes.read);
    expect(sum('written'), way).toBeGreaterThanOrEqual(least[way].bytes.written);
  }
});
