/** Files as llama.cpp's converter makes them, of every architecture: what they are read as. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DType } from '../../dtype.ts';
import type { ModelConfig } from '../../model-config.ts';
import { openModelFolder } from '../../model-folder.ts';
import { convertedParts, withMetadata } from '../converter-testing.ts';
import { decodeWeights } from '../dequantize.ts';
import { randomBlocks, type GgufParts } from '../testing.ts';
import { changedJson, ConvertedFiles, tiny, type Change } from './files-testing.ts';

let files: ConvertedFiles;
beforeAll(async () => {
  files = await ConvertedFiles.make();
});
afterAll(() => files.remove());

async function configOf(name: string, change: Change, configBeside?: string | object): Promise<ModelConfig> {
  return (await files.changed(name, change, configBeside)).config;
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
    const gguf = await files.opened(parts, beside === true ? name : undefined);
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
    const model = await files.opened({ ...parts, tensors: quantised });
    const name = 'transformer.h.1.mlp.c_proj.weight';
    expect(model.tensors.get(name)).toMatchObject({ dtype: 'F32', shape: [192, 48] });
    const stored = decodeWeights('Q8_0', blocks);
    const given = decodeWeights('F32', await model.readTensor(name));
    expect(given).toEqual(given.map((_, i) => stored[(i % 48) * 192 + Math.floor(i / 48)]));
  });

  it('has the same digest whether anybody takes its weights or not', async () => {
    for (const name of ['gpt2', 'gpt-neox', 'gemma2']) {
      const model = await files.changed(name, {});
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
    await expect(files.changed('qwen3', without)).rejects.toThrow(/q_proj.*makes it \[48, 48\]/);
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
    expect((await files.opened(many('gemma2', parts, 45))).config.attentionScale).toBe(1 / Math.sqrt(16));
    // 48 / 6
    expect((await files.opened(many('gemma2', parts, 46))).config.attentionScale).toBe(1 / Math.sqrt(8));
    const neox = await convertedParts(tiny('gpt-neox'), 'F16');
    expect((await files.opened(many('gptneox', neox, 43))).config.activation).toBe('gelu');
    expect((await files.opened(many('gptneox', neox, 44))).config.activation).toBe('gelu-tanh');
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
    expect((await configOf('qwen2', {}, await changedJson('qwen2', qwen))).windows).toEqual([
      null,
      null,
      null,
      20,
    ]);
    const neox = await changedJson('gpt-neox', { hidden_act: 'gelu_new' });
    expect((await configOf('gpt-neox', {}, neox)).activation).toBe('gelu-tanh');
  });
});
