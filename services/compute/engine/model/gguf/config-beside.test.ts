import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelSource } from '../model-source.ts';
import { changedJson, ConvertedFiles, tiny } from './architectures/files-testing.ts';
import { convertedParts } from './converter-testing.ts';

let files: ConvertedFiles;
beforeAll(async () => {
  files = await ConvertedFiles.make();
});
afterAll(() => files.remove());

describe('rotary factors without a config.json', () => {
  /** The factors of heads of 16 dimensions at base 500 000, by an original context of 8192: llama.cpp's converter. */
  function factors(factor: number, low: number): number[] {
    return Array.from({ length: 8 }, (_, i) => {
      const wavelength = 2 * Math.PI * 500_000 ** (i / 8);
      if (wavelength < 8192 / 4) return 1;
      if (wavelength > 8192 / low) return factor;
      const smooth = (8192 / wavelength - low) / (4 - low);
      return 1 / ((1 - smooth) / factor + smooth);
    });
  }

  async function opened(values: readonly number[]): Promise<ModelSource> {
    const { tensors = [], ...rest } = await convertedParts(tiny('llama3-rope'), 'F16');
    const data = new Uint8Array(Float32Array.from(values).buffer);
    const changed = tensors.map((tensor) =>
      tensor.name === 'rope_freqs.weight' ? { ...tensor, data } : tensor,
    );
    return files.opened({ ...rest, tensors: changed });
  }

  it('are those of Llama 3.1 to 3.3 where they fit them', async () => {
    for (const factor of [8, 32]) {
      expect((await opened(factors(factor, 1))).config.ropeScaling).toEqual({
        ...{ kind: 'llama3', factor, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 },
      });
    }
  });

  it('are refused where they are others', async () => {
    await expect(opened(factors(8, 2))).rejects.toThrow(/rope_freqs/);
    for (const odd of [NaN, Infinity, -8, 0]) {
      await expect(opened([1, 1, 1, 1, 1, 1, 1, odd])).rejects.toThrow(/rope_freqs/);
    }
  });
});

describe('a config.json beside the file', () => {
  it.each<[what: string, model: string, change: object, message: RegExp]>([
    [
      'another family',
      'qwen2',
      { model_type: 'llama', architectures: undefined },
      /family qwen2 against llama/,
    ],
    ['another window', 'gemma2', { sliding_window: 16 }, /window of 12 against 16 in block 0/],
    [
      'windows elsewhere',
      'gemma2',
      { layer_types: Array(4).fill('full_attention') },
      /12 against none in block 0/,
    ],
    ['another cap', 'gemma2', { final_logit_softcapping: 20 }, /logitSoftcap 30 against 20/],
    ['no cap', 'gemma2', { attn_logit_softcapping: null }, /attentionSoftcap 50 against 0/],
    ['halves one after the other', 'gpt-neox', { use_parallel_residual: false }, /parallel 1 against 0/],
    [
      'another part of a head',
      'gpt-neox',
      { rope_parameters: { rope_type: 'default', rope_theta: 10000, partial_rotary_factor: 0.5 } },
      /rotaryDim 3 against 6/,
    ],
    [
      'another original context of YaRN',
      'qwen2-yarn',
      {
        rope_parameters: {
          rope_type: 'yarn',
          factor: 4,
          rope_theta: 1e6,
          original_max_position_embeddings: 64,
        },
      },
      /rotary scaling yarn 4 against yarn 4/,
    ],
  ])('that has %s is refused', async (_what, model, change, message) => {
    await expect(files.changed(model, {}, await changedJson(model, change))).rejects.toThrow(message);
  });

  it('of the same model is taken, of every family', async () => {
    for (const name of ['llama', 'qwen2-yarn', 'qwen3', 'olmo2', 'gemma2', 'phi3', 'gpt-neox', 'gpt2']) {
      expect((await files.changed(name, {}, name)).config.eosTokenIds).toEqual([2]);
    }
  });
});
