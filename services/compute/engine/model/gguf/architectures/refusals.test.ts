/** What files of every architecture may say of rotary embeddings, and what is refused by name. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../model-config.ts';
import { convertedParts } from '../converter-testing.ts';
import { ConvertedFiles, tiny, type Change } from './files-testing.ts';

let files: ConvertedFiles;
beforeAll(async () => {
  files = await ConvertedFiles.make();
});
afterAll(() => files.remove());

async function configOf(name: string, change: Change): Promise<ModelConfig> {
  return (await files.changed(name, change)).config;
}

describe('rotary settings', () => {
  it('turn a part of a head in GPT-NeoX and Phi-3, to the dimension', async () => {
    for (const turned of [1, 2, 3, 5, 7, 11, 12]) {
      const config = await configOf('gpt-neox', { 'gptneox.rope.dimension_count': turned });
      expect(config.rotaryDim).toBe(turned);
    }
    expect((await configOf('phi3', { 'phi3.rope.dimension_count': 6 })).rotaryDim).toBe(6);
    await expect(files.changed('gpt-neox', { 'gptneox.rope.dimension_count': 16 })).rejects.toThrow(
      /rotary_pct/,
    );
    await expect(files.changed('gpt-neox', { 'gptneox.rope.dimension_count': undefined })).rejects.toThrow(
      /no gptneox.rope.dimension_count/,
    );
    await expect(files.changed('qwen2', { 'qwen2.rope.dimension_count': 4 })).rejects.toThrow(
      /beside heads of 8/,
    );
  });

  const yarn = {
    'qwen3.rope.scaling.type': 'yarn',
    'qwen3.rope.scaling.factor': 2.5,
    'qwen3.rope.scaling.original_context_length': 64,
  };

  it('of YaRN are transformers’, where llama.cpp means the same', async () => {
    const { ropeScaling } = await configOf('qwen3', yarn);
    expect(ropeScaling).toEqual({
      ...{ kind: 'yarn', factor: 2.5, originalMaxPositions: 64, betaFast: 32, betaSlow: 1, truncate: true },
      attentionFactor: 0.1 * Math.log(2.5) + 1,
    });
    const same = {
      'qwen3.rope.scaling.yarn_attn_factor': 0.1 * Math.log(2.5) + 1,
      'qwen3.rope.scaling.yarn_beta_fast': 32,
      'qwen3.rope.scaling.yarn_beta_slow': 1,
      'qwen3.rope.scaling.yarn_ext_factor': 1,
      'qwen3.rope.scaling.attn_factor': 1,
    };
    expect((await configOf('qwen3', { ...yarn, ...same })).ropeScaling).toEqual(ropeScaling);
    expect((await configOf('qwen3', { ...yarn, 'qwen3.rope.scaling.factor': 1 })).ropeScaling.kind).toBe(
      'none',
    );
  });

  it.each<[key: string, value: unknown]>([
    ['rope.scaling.yarn_attn_factor', 1],
    ['rope.scaling.yarn_beta_fast', 16],
    ['rope.scaling.yarn_beta_slow', 2],
    ['rope.scaling.yarn_ext_factor', 0],
    ['rope.scaling.yarn_log_multiplier', 0.1],
    ['rope.scaling.attn_factor', 1.2],
  ])('with %s %s are refused by name, with YaRN and without', async (key, value) => {
    const message = new RegExp(`qwen3.${key.replaceAll('.', '\\.')}"? .* is not implemented`);
    await expect(files.changed('qwen3', { ...yarn, [`qwen3.${key}`]: value })).rejects.toThrow(message);
    if (key.endsWith('yarn_attn_factor')) return;
    await expect(files.changed('qwen3', { [`qwen3.${key}`]: value })).rejects.toThrow(message);
  });

  it('of longrope are refused by key, and by their factors', async () => {
    await expect(files.changed('phi3', { 'phi3.rope.scaling.type': 'longrope' })).rejects.toThrow(
      /phi3.rope.scaling.type "longrope" is not implemented/,
    );
    const parts = await convertedParts(tiny('phi3'), 'F16');
    for (const name of ['rope_factors_long.weight', 'rope_factors_short.weight']) {
      const factors = { name, sizes: [4], type: 0, data: new Uint8Array(16) };
      await expect(files.opened({ ...parts, tensors: [factors, ...(parts.tensors ?? [])] })).rejects.toThrow(
        new RegExp(`longrope.*${name}`),
      );
    }
  });
});

describe('what is not implemented', () => {
  it.each([
    'qwen2moe',
    'qwen3moe',
    'mamba',
    'rwkv7',
    'phimoe',
    'olmoe',
    'gemma3',
    'deepseek2',
    'Llama',
    'toString',
  ])('is refused by name: the architecture %s', async (architecture) => {
    await expect(files.changed('llama', { 'general.architecture': architecture })).rejects.toMatchObject({
      code: 'CONFIG_UNSUPPORTED',
      message: `m.gguf: general.architecture "${architecture}" is not implemented.`,
      remedy: expect.stringContaining('gptneox') as string,
    });
  });

  it.each<[model: string, key: string, value: unknown]>([
    ['llama', 'llama.expert_count', 8],
    ['llama', 'llama.expert_used_count', 2],
    ['phi3', 'phi3.expert_count', 16],
    ['qwen2', 'qwen2.attention.sliding_window', 4096],
    ['qwen3', 'qwen3.pooling_type', 1],
    ['olmo2', 'olmo2.attention.sliding_window', 4096],
    ['gemma2', 'gemma2.rope.freq_base_swa', 5000],
    ['gemma2', 'gemma2.attention.sliding_window_pattern', 6],
    ['gpt-neox', 'gptneox.attention.head_count_kv', 2],
    ['gpt2', 'gpt2.attention.head_count_kv', 2],
    ['gpt2', 'gpt2.rope.freq_base', 10000],
    ['qwen2', 'qwen2.attention.causal', false],
    ['llama', 'llama.use_parallel_residual', true],
    ['qwen2', 'qwen2.logit_scale', 0.5],
  ])('is refused by name: %s with %s %s', async (model, key, value) => {
    await expect(files.changed(model, { [key]: value })).rejects.toMatchObject({
      code: 'CONFIG_UNSUPPORTED',
      message: expect.stringContaining(`"${key}" ${String(value)}`) as string,
    });
  });

  it('is refused by name: a tensor of another architecture, or under Hugging Face’s own name', async () => {
    const parts = await convertedParts(tiny('gpt2'), 'F16');
    const [first] = parts.tensors ?? [];
    if (first === undefined) throw new Error('there are no tensors');
    for (const name of [
      'blk.0.ffn_gate.weight',
      'wte.weight',
      'transformer.wte.weight',
      'blk.01.attn_norm.weight',
    ]) {
      await expect(
        files.opened({ ...parts, tensors: [...(parts.tensors ?? []), { ...first, name }] }),
      ).rejects.toThrow(`"${name}" has no place in a model of the architecture "gpt2"`);
    }
  });

  it('is refused by name: a flag that is a number, a missing norm’s epsilon', async () => {
    await expect(files.changed('gpt-neox', { 'gptneox.use_parallel_residual': 1 })).rejects.toThrow(
      /use_parallel_residual 1/,
    );
    await expect(files.changed('gpt2', { 'gpt2.attention.layer_norm_epsilon': undefined })).rejects.toThrow(
      /no gpt2.attention.layer_norm_epsilon/,
    );
  });
});
