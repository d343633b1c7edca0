import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changedJson, ConvertedFiles } from './architectures/files-testing.ts';

let files: ConvertedFiles;
beforeAll(async () => {
  files = await ConvertedFiles.make();
});
afterAll(() => files.remove());

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
