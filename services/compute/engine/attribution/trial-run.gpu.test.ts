/** Trials of every family's block on the real adapter, uncut and cut: a shape that does not fit together would throw. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { Gpu } from '../device/gpu.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { openModel } from '../model/open-model.ts';
import { blockWeights } from './signature-flops.ts';
import { trialConfig, trialRows, trialSpeed } from './trial-run.ts';

const FAMILIES = ['llama3-rope', 'gemma2', 'gpt2', 'gpt-neox', 'olmo2', 'phi3', 'qwen3'];
const ROWS = [{ inputIds: Array.from({ length: 40 }, (_, i) => i), promptLength: 10 }];

let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.open();
});
afterAll(() => {
  gpu.close();
});

/** As wide as a model of some billions of weights. */
const widened = (config: ModelConfig): ModelConfig => ({
  ...config,
  ...{ hiddenSize: 4096, intermediateSize: 11008, heads: 32, headDim: 128, layers: 32, vocabSize: 128_256 },
  kvHeads: config.heads === config.kvHeads ? 32 : 8,
  windows: Array.from({ length: 32 }, () => null),
});

describe.each(FAMILIES)('a trial of %s', (name) => {
  it('gives a speed, of its block as it is and of a wide one that is cut', async () => {
    const { config, tensors } = await openModel(sharedPath(`models/tiny-random/${name}`));
    for (const one of [config, widened(config)]) {
      const speed = await trialSpeed(gpu, { config: one, tensors }, ROWS);
      expect(speed).toBeGreaterThan(1e6);
      expect(speed).toBeLessThan(1e15);
    }
    gpu.assertHealthy();
  });
});

describe('trialConfig', () => {
  it('keeps a small block as it is, and cuts a wide one to about so many weights', async () => {
    const { config } = await openModel(sharedPath('models/tiny-random/llama3-rope'));
    const small = trialConfig(config, 4e6);
    expect(blockWeights(small)).toBe(blockWeights(config));
    expect(small).toMatchObject({ layers: 1, heads: config.heads, hiddenSize: config.hiddenSize });
    const wide = trialConfig(widened(config), 4e6);
    expect(blockWeights(wide)).toBeGreaterThan(2e6);
    expect(blockWeights(wide)).toBeLessThan(8e6);
    expect(wide.heads / wide.kvHeads).toBe(widened(config).heads / widened(config).kvHeads);
    expect(wide.vocabSize * wide.hiddenSize).toBeLessThanOrEqual(4e6);
  });
});

describe('trialRows', () => {
  it('gives exactly so many tokens, of rows over and over, each with something before and after p', () => {
    const rows = trialRows([{ inputIds: [500, 7, 9, 11, 13], promptLength: 4 }], 13, 100);
    expect(rows).toEqual([
      { inputIds: [0, 7, 9, 11, 13], promptLength: 4 },
      { inputIds: [0, 7, 9, 11, 13], promptLength: 4 },
      { inputIds: [0, 7, 9], promptLength: 2 },
    ]);
  });
});
