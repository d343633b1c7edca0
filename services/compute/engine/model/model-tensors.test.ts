import { describe, expect, it } from 'vitest';
import { parseModelConfig } from './model-config.ts';
import { modelTensors, matchTensors } from './model-tensors.ts';

const CONFIG = {
  model_type: 'llama',
  hidden_size: 48,
  intermediate_size: 80,
  max_position_embeddings: 256,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 16,
  num_hidden_layers: 2,
  vocab_size: 160,
};
const untied = parseModelConfig(CONFIG);
const tied = parseModelConfig({ ...CONFIG, tie_word_embeddings: true });

function tensorsOf(config = untied): Map<string, { shape: readonly number[] }> {
  return new Map(modelTensors(config).map(({ name, shape }) => [name, { shape }]));
}

describe('modelTensors', () => {
  it('lists names and shapes as Hugging Face writes them', () => {
    const shapes = Object.fromEntries(modelTensors(untied).map(({ name, shape }) => [name, shape]));
    expect(Object.keys(shapes)).toHaveLength(2 * 9 + 3);
    expect(shapes).toMatchObject({
      'model.embed_tokens.weight': [160, 48],
      'model.layers.1.self_attn.q_proj.weight': [96, 48],
      'model.layers.1.self_attn.k_proj.weight': [32, 48],
      'model.layers.1.self_attn.o_proj.weight': [48, 96],
      'model.layers.1.mlp.down_proj.weight': [48, 80],
      'model.norm.weight': [48],
      'lm_head.weight': [160, 48],
    });
  });

  it('adds biases where the config has them, and no head where it is tied', () => {
    const names = modelTensors(parseModelConfig({ ...CONFIG, attention_bias: true, mlp_bias: true })).filter(
      ({ kind }) => kind === 'bias',
    );
    expect(names).toHaveLength(2 * 7);
    expect(names.find(({ name }) => name === 'model.layers.0.self_attn.k_proj.bias')?.shape).toEqual([32]);
    expect(tensorsOf(tied).has('lm_head.weight')).toBe(false);
  });
});

describe('matchTensors', () => {
  it('names what is missing, what is wrongly shaped, and what is unexpected', () => {
    const missing = tensorsOf();
    missing.delete('model.layers.1.mlp.up_proj.weight');
    expect(() => matchTensors(untied, missing)).toThrow(
      /"model.layers.1.mlp.up_proj.weight".*\[80, 48\].*missing/,
    );
    const wrong = tensorsOf().set('model.norm.weight', { shape: [40] });
    expect(() => matchTensors(untied, wrong)).toThrow(/"model.norm.weight" has shape \[40\].*\[48\]/);
    const extra = tensorsOf().set('model.layers.2.input_layernorm.weight', { shape: [48] });
    expect(() => matchTensors(untied, extra)).toThrow(
      expect.objectContaining({
        code: 'WEIGHTS_INVALID',
        message: expect.stringMatching(/layers\.2/) as string,
      }) as Error,
    );
  });

  it('leaves out a copy of the tied head and rotary buffers, but not in other shapes', () => {
    const found = tensorsOf(tied)
      .set('lm_head.weight', { shape: [160, 48] })
      .set('model.layers.0.self_attn.rotary_emb.inv_freq', { shape: [8] })
      .set('model.rotary_emb.inv_freq', { shape: [8] });
    expect([...matchTensors(tied, found).keys()]).toEqual(modelTensors(tied).map(({ name }) => name));
    expect(() => matchTensors(tied, found.set('lm_head.weight', { shape: [161, 48] }))).toThrow(/lm_head/);
  });
});
