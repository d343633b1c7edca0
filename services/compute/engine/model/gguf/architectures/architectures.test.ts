/** Files as llama.cpp's converter makes them, of every architecture: what they are read as, and what is refused. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../../../test/shared.ts';
import type { DType } from '../../dtype.ts';
import type { ModelConfig } from '../../model-config.ts';
import { openModelFolder } from '../../model-folder.ts';
import type { ModelSource } from '../../model-source.ts';
import { openModel } from '../../open-model.ts';
import { convertedParts, withMetadata } from '../converter-testing.ts';
import { decodeWeights } from '../dequantize.ts';
import { randomBlocks, writeGguf, type GgufParts } from '../testing.ts';

let scratch: string;
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-architectures-'));
});
afterAll(() => rm(scratch, { recursive: true }));

const tiny = (name: string): string => sharedPath(`models/tiny-random/${name}`);

async function opened(parts: GgufParts, configBeside?: string | object): Promise<ModelSource> {
  const dir = join(scratch, String(count++));
  await mkdir(dir);
  await writeFile(join(dir, 'm.gguf'), writeGguf(parts));
  const config = join(dir, 'config.json');
  if (typeof configBeside === 'string') await copyFile(join(tiny(configBeside), 'config.json'), config);
  else if (configBeside !== undefined) await writeFile(config, JSON.stringify(configBeside));
  return openModel(dir, { quantized: 'keep' });
}

type Change = Readonly<Record<string, unknown>>;

/** A model's file with some metadata changed. */
async function changed(name: string, change: Change, configBeside?: string | object): Promise<ModelSource> {
  return opened(withMetadata(await convertedParts(tiny(name), 'F16'), change), configBeside);
}

async function configOf(name: string, change: Change, configBeside?: string | object): Promise<ModelConfig> {
  return (await changed(name, change, configBeside)).config;
}

async function json(name: string, change: object): Promise<object> {
  const text = await readFile(join(tiny(name), 'config.json'), 'utf8');
  return { ...(JSON.parse(text) as object), ...change };
}

/** What the file says without a vocabulary. */
function comparable(config: ModelConfig): Partial<ModelConfig> {
  return { ...config, dtype: null, initializerRange: 0, bosTokenId: null, eosTokenIds: [] };
}

describe('a converted file', () => {
  it.each<[name: string, dtype: DType, change?: Change, beside?: true]>([
    ['llama', 'F32'],
    ['llama-linear-rope', 'F16'],
    ['llama3-rope', 'BF16', {}, true],
    ['mistral', 'BF16', { 'llama.attention.sliding_window': 12 }],
    ['mistral', 'BF16', {}, true],
    ['qwen2', 'BF16'],
    ['qwen2-yarn', 'F32'],
    ['qwen3', 'BF16'],
    ['olmo2', 'F32'],
    ['gemma2', 'BF16'],
    ['phi3', 'BF16'],
    ['gpt-neox', 'F16'],
    ['gpt2', 'F32'],
  ])('of %s has the config and the values of the folder (%s)', async (name, dtype, change = {}, beside) => {
    const folder = await openModelFolder(tiny(name));
    const parts = withMetadata(await convertedParts(tiny(name), dtype), change);
    const gguf = await opened(parts, beside === true ? name : undefined);
    expect(comparable(gguf.config)).toEqual(comparable(folder.config));
    expect([...gguf.tensors.keys()]).toEqual([...folder.tensors.keys()]);
    for (const [tensor, info] of folder.tensors) {
      const found = gguf.tensors.get(tensor);
      expect(found?.shape, tensor).toEqual(info.shape);
      const values = decodeWeights(found?.dtype ?? 'F32', await gguf.readTensor(tensor));
      expect(values, tensor).toEqual(decodeWeights(info.dtype, await folder.readTensor(tensor)));
    }
    expect(await gguf.digest()).toMatch(/^[0-9a-f]{64}$/);
  });

  it('of a quantised GPT-2 has its matrices widened and turned, and the others in blocks', async () => {
    const parts = await convertedParts(tiny('gpt2'), 'F16');
    const blocks = randomBlocks('Q8_0', (48 * 192) / 32, 9);
    const quantised = (parts.tensors ?? []).map((tensor) =>
      tensor.name === 'blk.1.ffn_down.weight' ? { ...tensor, type: 8, data: blocks } : tensor,
    );
    const model = await opened({ ...parts, tensors: quantised });
    const name = 'transformer.h.1.mlp.c_proj.weight';
    expect(model.tensors.get(name)).toMatchObject({ dtype: 'F32', shape: [192, 48] });
    const stored = decodeWeights('Q8_0', blocks);
    const given = decodeWeights('F32', await model.readTensor(name));
    expect(given).toEqual(given.map((_, i) => stored[(i % 48) * 192 + Math.floor(i / 48)]));
  });

  it('has the same digest whether anybody takes its weights or not', async () => {
    for (const name of ['gpt2', 'gpt-neox', 'gemma2']) {
      const model = await changed(name, {});
      expect(await model.loadWeights(() => undefined)).toBe(await model.loadWeights());
    }
  });
});

describe('what a file does not say', () => {
  it('is the family’s: Gemma-2’s window and caps', async () => {
    const keys = ['attention.sliding_window', 'attn_logit_softcapping', 'final_logit_softcapping'];
    const without = Object.fromEntries(keys.map((key) => [`gemma2.${key}`, undefined]));
    expect(await configOf('gemma2', without)).toMatchObject({
      ...{ windows: [4096, null, 4096, null], attentionSoftcap: 50, logitSoftcap: 30 },
    });
  });

  it('is a head’s share of the width, whatever the family’s default is', async () => {
    // 48 / 6 = 8: the tensors, of heads of 16, then do not fit.
    const without = { 'qwen3.attention.key_length': undefined, 'qwen3.attention.value_length': undefined };
    await expect(changed('qwen3', without)).rejects.toThrow(/q_proj.*makes it \[48, 48\]/);
  });

  it('follows from the number of blocks in the largest Gemma-2 and GPT-NeoX', async () => {
    const parts = await convertedParts(tiny('gemma2'), 'F16');
    const many = (name: string, from: GgufParts, blocks: number): GgufParts => ({
      ...withMetadata(from, { [`${name}.block_count`]: blocks }),
      tensors: (from.tensors ?? []).flatMap((tensor) =>
        !tensor.name.startsWith('blk.0.')
          ? tensor.name.startsWith('blk.')
            ? []
            : [tensor]
          : Array.from({ length: blocks }, (_, i) => ({ ...tensor, name: tensor.name.replace('0', `${i}`) })),
      ),
    });
    expect((await opened(many('gemma2', parts, 45))).config.attentionScale).toBe(1 / Math.sqrt(16));
    // 48 / 6
    expect((await opened(many('gemma2', parts, 46))).config.attentionScale).toBe(1 / Math.sqrt(8));
    const neox = await convertedParts(tiny('gpt-neox'), 'F16');
    expect((await opened(many('gptneox', neox, 43))).config.activation).toBe('gelu');
    expect((await opened(many('gptneox', neox, 44))).config.activation).toBe('gelu-tanh');
  });

  it('is said by config.json: windows, and which GELU', async () => {
    expect((await configOf('mistral', {})).windows).toEqual([null, null, null, null]);
    expect((await configOf('mistral', {}, 'mistral')).windows).toEqual([12, 12, 12, 12]);
    const qwen = {
      use_sliding_window: true,
      sliding_window: 20,
      max_window_layers: 3,
      layer_types: undefined,
    };
    expect((await configOf('qwen2', {}, await json('qwen2', qwen))).windows).toEqual([null, null, null, 20]);
    const neox = await json('gpt-neox', { hidden_act: 'gelu_new' });
    expect((await configOf('gpt-neox', {}, neox)).activation).toBe('gelu-tanh');
  });
});

describe('rotary settings', () => {
  it('turn a part of a head in GPT-NeoX and Phi-3, to the dimension', async () => {
    for (const turned of [1, 2, 3, 5, 7, 11, 12]) {
      const config = await configOf('gpt-neox', { 'gptneox.rope.dimension_count': turned });
      expect(config.rotaryDim).toBe(turned);
    }
    expect((await configOf('phi3', { 'phi3.rope.dimension_count': 6 })).rotaryDim).toBe(6);
    await expect(changed('gpt-neox', { 'gptneox.rope.dimension_count': 16 })).rejects.toThrow(
      /partial_rotary/,
    );
    await expect(changed('gpt-neox', { 'gptneox.rope.dimension_count': undefined })).rejects.toThrow(
      /no gptneox.rope.dimension_count/,
    );
    await expect(changed('qwen2', { 'qwen2.rope.dimension_count': 4 })).rejects.toThrow(/beside heads of 8/);
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
    await expect(changed('qwen3', { ...yarn, [`qwen3.${key}`]: value })).rejects.toThrow(message);
    if (key.endsWith('yarn_attn_factor')) return;
    await expect(changed('qwen3', { [`qwen3.${key}`]: value })).rejects.toThrow(message);
  });

  it('of longrope are refused by key, and by their factors', async () => {
    await expect(changed('phi3', { 'phi3.rope.scaling.type': 'longrope' })).rejects.toThrow(
      /phi3.rope.scaling.type "longrope" is not implemented/,
    );
    const parts = await convertedParts(tiny('phi3'), 'F16');
    for (const name of ['rope_factors_long.weight', 'rope_factors_short.weight']) {
      const factors = { name, sizes: [4], type: 0, data: new Uint8Array(16) };
      await expect(opened({ ...parts, tensors: [factors, ...(parts.tensors ?? [])] })).rejects.toThrow(
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
    await expect(changed('llama', { 'general.architecture': architecture })).rejects.toMatchObject({
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
    await expect(changed(model, { [key]: value })).rejects.toMatchObject({
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
        opened({ ...parts, tensors: [...(parts.tensors ?? []), { ...first, name }] }),
      ).rejects.toThrow(`"${name}" has no place in a model of the architecture "gpt2"`);
    }
  });

  it('is refused by name: a flag that is a number, a missing norm’s epsilon', async () => {
    await expect(changed('gpt-neox', { 'gptneox.use_parallel_residual': 1 })).rejects.toThrow(
      /use_parallel_residual 1/,
    );
    await expect(changed('gpt2', { 'gpt2.attention.layer_norm_epsilon': undefined })).rejects.toThrow(
      /no gpt2.attention.layer_norm_epsilon/,
    );
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
    await expect(changed(model, {}, await json(model, change))).rejects.toThrow(message);
  });

  it('of the same model is taken, of every family', async () => {
    for (const name of ['llama', 'qwen2-yarn', 'qwen3', 'olmo2', 'gemma2', 'phi3', 'gpt-neox', 'gpt2']) {
      expect((await configOf(name, {}, name)).eosTokenIds).toEqual([2]);
    }
  });
});
