/** What the families' configs say, where they differ: spellings, defaults, windows, and what is refused. */
import { describe, expect, it } from 'vitest';
import { sharedJson } from '../../../../../test/shared.ts';
import { parseModelConfig, type ModelConfig } from '../model-config.ts';
import { matchTensors, modelTensors } from '../model-tensors.ts';
import { floatsOnly } from '../tensor-files.ts';

async function raw(name: string): Promise<Record<string, unknown>> {
  return (await sharedJson(`models/tiny-random/${name}/config.json`)) as Record<string, unknown>;
}

async function parsed(
  name: string,
  change: object = {},
  without: readonly string[] = [],
): Promise<ModelConfig> {
  const config: Record<string, unknown> = { ...(await raw(name)), ...change };
  return parseModelConfig(
    Object.fromEntries(Object.entries(config).filter(([key]) => !without.includes(key))),
  );
}

describe('sliding windows', () => {
  it('are on every block of Mistral, unless they are null', async () => {
    expect((await parsed('mistral')).windows).toEqual([12, 12, 12, 12]);
    expect((await parsed('mistral', { sliding_window: null })).windows).toEqual([null, null, null, null]);
    // transformers' default where the key is absent
    expect((await parsed('mistral', {}, ['sliding_window'])).windows).toEqual([4096, 4096, 4096, 4096]);
  });

  it('alternate in Gemma-2, by layer_types or by its rule', async () => {
    expect((await parsed('gemma2')).windows).toEqual([12, null, 12, null]);
    expect((await parsed('gemma2', {}, ['layer_types'])).windows).toEqual([12, null, 12, null]);
  });

  it('count in Qwen only when switched on, and from max_window_layers on', async () => {
    const on = { use_sliding_window: true, sliding_window: 20, max_window_layers: 3 };
    expect((await parsed('qwen2', on, ['layer_types'])).windows).toEqual([null, null, null, 20]);
    const off = { ...on, use_sliding_window: false };
    expect((await parsed('qwen3', off, ['layer_types'])).windows).toEqual([null, null, null, null]);
  });

  it('are on every block of Phi-3 where it has one', async () => {
    expect((await parsed('phi3', { sliding_window: 2047 })).windows).toEqual([2047, 2047, 2047, 2047]);
  });

  it('are refused where layer_types says otherwise and transformers passes over it', async () => {
    const full = Array<string>(4).fill('full_attention');
    for (const family of ['mistral', 'phi3']) {
      const mixed = { sliding_window: 12, layer_types: [...full.slice(1), 'sliding_attention'] };
      await expect(parsed(family, mixed)).rejects.toThrow(/sliding_window 12 beside layer_types/);
      await expect(parsed(family, { sliding_window: 12, layer_types: full })).rejects.toThrow(/layer_types/);
      const none = await parsed(family, { sliding_window: null, layer_types: full });
      expect(none.windows).toEqual([null, null, null, null]);
    }
  });
});

describe('the families', () => {
  it('say what their blocks are made of', async () => {
    expect(await parsed('gemma2')).toMatchObject({
      ...{ blockNorms: 'both', normOffset: 1, activation: 'gelu-tanh', embeddingScale: Math.sqrt(48) },
      ...{ attentionScale: 0.25, attentionSoftcap: 50, logitSoftcap: 30, tieEmbeddings: true },
    });
    expect(await parsed('olmo2')).toMatchObject({ blockNorms: 'after', queryKeyNorm: 'all', normEps: 1e-5 });
    expect(await parsed('qwen3')).toMatchObject({ queryKeyNorm: 'head', attentionBias: false, headDim: 16 });
    expect(await parsed('qwen2')).toMatchObject({ attentionBias: true, attentionOutputBias: false });
    expect(await parsed('gpt-neox')).toMatchObject({
      ...{ norm: 'layer', parallel: true, gated: false, activation: 'gelu', rotaryDim: 3 },
    });
    expect(await parsed('gpt2')).toMatchObject({
      ...{ norm: 'layer', rotaryDim: null, intermediateSize: 192, maxPositions: 128, tieEmbeddings: true },
    });
  });

  it('tell a cap that is null from one that is absent', async () => {
    const caps = { attn_logit_softcapping: null, final_logit_softcapping: null };
    expect(await parsed('gemma2', caps)).toMatchObject({ attentionSoftcap: null, logitSoftcap: null });
    expect(await parsed('gemma2', {}, Object.keys(caps))).toMatchObject({
      ...{ attentionSoftcap: 50, logitSoftcap: 30 },
    });
  });

  it('read the older spellings of GPT-NeoX and Gemma-2', async () => {
    const old = { rotary_pct: 0.5, rotary_emb_base: 5000 };
    expect(await parsed('gpt-neox', old, ['rope_parameters'])).toMatchObject({
      rotaryDim: 6,
      ropeTheta: 5000,
    });
    expect((await parsed('gpt-neox', {}, ['rope_parameters'])).rotaryDim).toBe(3);
    const gelu = { hidden_act: 'gelu_pytorch_tanh', hidden_activation: null };
    expect((await parsed('gemma2', gelu)).activation).toBe('gelu-tanh');
  });

  it('refuse by name what they do not have', async () => {
    await expect(parsed('gpt2', { scale_attn_by_inverse_layer_idx: true })).rejects.toThrow(/inverse_layer/);
    await expect(parsed('gpt2', { activation_function: 'relu' })).rejects.toThrow(
      /activation_function "relu"/,
    );
    await expect(parsed('olmo2', { clip_qkv: 8 })).rejects.toThrow(/clip_qkv/);
    await expect(parsed('phi3', { rope_scaling: { type: 'longrope' } })).rejects.toThrow(/longrope/);
    const yarn = { type: 'yarn', factor: 4 };
    await expect(parsed('phi3', { rope_scaling: yarn }, ['rope_parameters'])).rejects.toThrow(
      /"yarn" of a Phi/,
    );
    await expect(parsed('qwen2', { is_causal: false })).rejects.toThrow(/is_causal/);
    await expect(parsed('gemma2', { use_bidirectional_attention: true })).rejects.toThrow(/bidirectional/);
    // Its default is no ungrouped model's: guessing would run it wrongly.
    await expect(parsed('qwen2', {}, ['num_key_value_heads'])).rejects.toThrow(
      /num_key_value_heads is missing/,
    );
  });
});

describe('matchTensors', () => {
  const found = (config: ModelConfig): Map<string, { shape: readonly number[]; dtype: string }> =>
    new Map(modelTensors(config).map(({ name, shape }) => [name, { shape, dtype: 'F32' }]));

  it('takes GPT-2 with and without its prefix, and passes its causal masks over', async () => {
    const config = await parsed('gpt2');
    const bare = new Map(
      [...found(config)].map(([name, tensor]) => [name.replace(/^transformer\./, ''), tensor]),
    );
    bare.set('h.0.attn.bias', { shape: [1, 1, 128, 128], dtype: 'BOOL' });
    expect([...matchTensors(config, bare).keys()]).toEqual(modelTensors(config).map(({ name }) => name));
    const twice = found(config).set('wte.weight', { shape: [160, 48], dtype: 'F32' });
    expect(() => matchTensors(config, twice)).toThrow(/twice/);
  });

  it('passes over the masks and frequencies of GPT-NeoX, and nothing else', async () => {
    const config = await parsed('gpt-neox');
    const more = found(config)
      .set('gpt_neox.layers.1.attention.bias', { shape: [1, 1, 256, 256], dtype: 'U8' })
      .set('gpt_neox.layers.1.attention.masked_bias', { shape: [], dtype: 'F16' })
      .set('gpt_neox.layers.1.attention.rotary_emb.inv_freq', { shape: [2], dtype: 'F32' });
    expect(matchTensors(config, more).size).toBe(modelTensors(config).length);
    more.set('gpt_neox.layers.1.attention.scale', { shape: [48], dtype: 'F32' });
    expect(() => matchTensors(config, more)).toThrow(/attention.scale/);
  });

  it('refuses weights that are not floats', async () => {
    const config = await parsed('phi3');
    const quantised = found(config).set('model.norm.weight', { shape: [48], dtype: 'I8' });
    expect(() => floatsOnly(matchTensors(config, quantised))).toThrow(/"model.norm.weight" is stored as I8/);
  });
});
