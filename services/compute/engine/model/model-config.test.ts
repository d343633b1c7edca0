import { describe, expect, it } from 'vitest';
import { ReptraceError, type ErrorCode } from '../../../../lib/errors.ts';
import { sharedJson } from '../../../../test/shared.ts';
import { parseModelConfig } from './model-config.ts';

const BASE = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 48,
  intermediate_size: 80,
  max_position_embeddings: 256,
  num_attention_heads: 6,
  num_hidden_layers: 4,
  num_key_value_heads: 2,
  vocab_size: 160,
};

function expectRefused(change: object, code: ErrorCode, message: RegExp): void {
  const parse = (): unknown => parseModelConfig({ ...BASE, ...change });
  expect(parse, JSON.stringify(change)).toThrow(ReptraceError);
  expect(parse, JSON.stringify(change)).toThrow(expect.objectContaining({ code }) as Error);
  expect(parse).toThrow(message);
}

describe('parseModelConfig', () => {
  it('fills what a config leaves out with the defaults of transformers', () => {
    expect(parseModelConfig(BASE)).toEqual({
      family: 'llama',
      vocabSize: 160,
      hiddenSize: 48,
      intermediateSize: 80,
      layers: 4,
      heads: 6,
      kvHeads: 2,
      headDim: 8,
      rotaryDim: 8,
      ropeTheta: 10000,
      ropeScaling: { kind: 'none' },
      maxPositions: 256,
      windows: [null, null, null, null],
      norm: 'rms',
      normEps: 1e-6,
      normOffset: 0,
      blockNorms: 'before',
      queryKeyNorm: 'none',
      parallel: false,
      activation: 'silu',
      gated: true,
      attentionScale: 1 / Math.sqrt(8),
      attentionSoftcap: null,
      logitSoftcap: null,
      embeddingScale: 1,
      tieEmbeddings: false,
      attentionBias: false,
      attentionOutputBias: false,
      mlpBias: false,
      bosTokenId: null,
      eosTokenIds: [],
      initializerRange: 0.02,
      dtype: null,
    });
    expect(parseModelConfig({ ...BASE, num_key_value_heads: null }).kvHeads).toBe(6);
  });

  it('reads the configs of real and of random models', async () => {
    const read = async (name: string) => parseModelConfig(await sharedJson(`models/${name}/config.json`));
    expect(await read('smollm2-135m-instruct')).toMatchObject({
      headDim: 64,
      kvHeads: 3,
      ropeTheta: 100000,
      tieEmbeddings: true,
      bosTokenId: 1,
      eosTokenIds: [2],
      dtype: 'F16',
    });
    expect(await read('stories260K/hf')).toMatchObject({ headDim: 8, intermediateSize: 172, dtype: 'F32' });
    expect(await read('tiny-random/llama3-rope')).toMatchObject({
      headDim: 16,
      ropeTheta: 500000,
      ropeScaling: {
        kind: 'llama3',
        factor: 8,
        lowFreqFactor: 1,
        highFreqFactor: 4,
        originalMaxPositions: 32,
      },
      dtype: 'BF16',
    });
    expect(await read('tiny-random/llama-linear-rope')).toMatchObject({
      ropeScaling: { kind: 'linear', factor: 4 },
      attentionBias: true,
      mlpBias: true,
      dtype: 'F16',
    });
  });

  it('reads the old and the new spelling of one config as the same', () => {
    const llama3 = {
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    };
    const spellings = [
      { rope_theta: 5e5, rope_scaling: { rope_type: 'llama3', ...llama3 }, torch_dtype: 'bfloat16' },
      { rope_theta: 5e5, rope_scaling: { type: 'llama3', ...llama3 }, dtype: 'bfloat16' },
      { rope_parameters: { rope_type: 'llama3', rope_theta: 5e5, ...llama3 }, dtype: 'bfloat16' },
      {
        rope_scaling: { rope_type: 'llama3', type: 'llama3', rope_theta: 5e5, ...llama3 },
        dtype: 'bfloat16',
      },
    ].map((change) => parseModelConfig({ ...BASE, ...change }));
    for (const spelling of spellings) expect(spelling).toEqual(spellings[0]);
    const none = [
      {},
      { rope_scaling: null },
      { rope_parameters: { rope_type: 'default', rope_theta: 10000 } },
    ];
    for (const change of none)
      expect(parseModelConfig({ ...BASE, ...change })).toEqual(parseModelConfig(BASE));
  });

  it('refuses spellings that contradict each other', () => {
    expectRefused({ rope_theta: 1e4, rope_parameters: { rope_theta: 5e5 } }, 'CONFIG_INVALID', /rope_theta/);
    expectRefused({ dtype: 'float32', torch_dtype: 'float16' }, 'CONFIG_INVALID', /torch_dtype/);
    expectRefused(
      { rope_scaling: { type: 'linear', rope_type: 'llama3', factor: 2 } },
      'CONFIG_INVALID',
      /type/,
    );
    expectRefused(
      { rope_scaling: { type: 'linear', factor: 2 }, rope_parameters: { rope_type: 'linear', factor: 4 } },
      'CONFIG_INVALID',
      /rope_parameters/,
    );
  });

  it('takes end tokens as one, as a list, or none', () => {
    expect(parseModelConfig({ ...BASE, eos_token_id: 2 }).eosTokenIds).toEqual([2]);
    expect(parseModelConfig({ ...BASE, eos_token_id: [3, 9] }).eosTokenIds).toEqual([3, 9]);
    expect(parseModelConfig({ ...BASE, eos_token_id: null }).eosTokenIds).toEqual([]);
    for (const id of [160, -1, 1.5, '2', [2, 160]])
      expectRefused({ eos_token_id: id }, 'CONFIG_INVALID', /eos/);
  });

  it('names an architecture that is not known, and says which are', () => {
    for (const type of ['falcon', 'gemma', 'mixtral', 'constructor', 3]) {
      const named = new RegExp(String(type));
      expectRefused({ model_type: type, architectures: undefined }, 'CONFIG_UNSUPPORTED', named);
    }
    expect(() => parseModelConfig({ ...BASE, model_type: 'mamba' })).toThrow(
      expect.objectContaining({
        remedy: expect.stringMatching(
          /"llama" .*"mistral" .*"qwen2" .*"qwen3" .*"olmo2" .*"gemma2" .*"phi3" .*"gpt_neox" .*"gpt2"/,
        ) as string,
      }) as Error,
    );
    expectRefused(
      { architectures: ['LlamaForSequenceClassification'] },
      'CONFIG_UNSUPPORTED',
      /SequenceClass/,
    );
    expectRefused({ model_type: undefined }, 'CONFIG_UNSUPPORTED', /model_type/);
  });

  it('refuses every option that it would run wrongly, by name', () => {
    for (const [key, value] of Object.entries({
      attn_logit_softcapping: 50,
      dtype: 'float64',
      final_logit_softcapping: 30,
      hidden_act: 'gelu',
      intermediate_size: 82,
      is_causal: false,
      layer_types: ['full_attention', 'full_attention', 'sliding_attention', 'full_attention'],
      num_local_experts: 8,
      partial_rotary_factor: 0.5,
      quantization_config: { bits: 4 },
      sliding_window: 4096,
    })) {
      const named = key === 'layer_types' ? 'sliding_attention' : key;
      expectRefused({ [key]: value }, 'CONFIG_UNSUPPORTED', new RegExp(named));
    }
    for (const type of ['longrope', 'su', 'mrope', 'constructor']) {
      expectRefused({ rope_scaling: { rope_type: type, factor: 2 } }, 'CONFIG_UNSUPPORTED', new RegExp(type));
    }
    const mrope = { rope_type: 'default', mrope_section: [1, 2] };
    expectRefused({ rope_parameters: mrope }, 'CONFIG_UNSUPPORTED', /mrope_section/);
    const partial = { rope_type: 'default', partial_rotary_factor: 0.5 };
    expectRefused({ rope_parameters: partial }, 'CONFIG_UNSUPPORTED', /partial_rotary_factor/);
  });

  it('passes over the code that a checkpoint of a known class brings along, and only of a known class', () => {
    const auto_map = { AutoModelForCausalLM: 'modeling_llama.LlamaForCausalLM' };
    expect(parseModelConfig({ ...BASE, auto_map })).toEqual(parseModelConfig(BASE));
    expectRefused({ auto_map, architectures: undefined }, 'CONFIG_UNSUPPORTED', /auto_map/);
    expectRefused({ auto_map, architectures: ['MyLlama'] }, 'CONFIG_UNSUPPORTED', /MyLlama/);
  });

  it('accepts options that are there but off, or change nothing', () => {
    const off = {
      // How many parts a product is made in.
      pretraining_tp: 2,
      is_causal: true,
      sliding_window: null,
      quantization_config: null,
      attention_dropout: 0.1,
    };
    expect(
      parseModelConfig({ ...BASE, ...off, layer_types: Array.from({ length: 4 }, () => 'full_attention') }),
    ).toEqual(parseModelConfig(BASE));
  });

  it('bounds every number, and refuses what is not one', () => {
    const keys = [
      'hidden_size',
      'intermediate_size',
      'max_position_embeddings',
      'num_attention_heads',
      'num_hidden_layers',
      'num_key_value_heads',
      'vocab_size',
      'head_dim',
      'rms_norm_eps',
      'rope_theta',
      'initializer_range',
    ];
    for (const key of keys) {
      for (const value of [0, -4, 1e300, NaN, Infinity, '48', true, [48], {}]) {
        expectRefused({ [key]: value }, 'CONFIG_INVALID', new RegExp(key));
      }
    }
    expectRefused({ layer_types: ['full_attention'] }, 'CONFIG_INVALID', /layer_types/);
    expectRefused({ hidden_size: 48.5 }, 'CONFIG_INVALID', /hidden_size/);
    expectRefused({ tie_word_embeddings: 'yes' }, 'CONFIG_INVALID', /tie_word_embeddings/);
    expectRefused({ num_key_value_heads: 4 }, 'CONFIG_INVALID', /multiple/);
    expectRefused({ hidden_size: 52 }, 'CONFIG_INVALID', /multiple/);
    expectRefused({ vocab_size: undefined }, 'CONFIG_INVALID', /vocab_size is missing/);
    expectRefused({ rope_scaling: { rope_type: 'linear' } }, 'CONFIG_INVALID', /factor is missing/);
    expectRefused({ rope_scaling: 'linear' }, 'CONFIG_INVALID', /rope_scaling/);
    for (const json of [null, 'llama', [], 3]) expect(() => parseModelConfig(json)).toThrow(ReptraceError);
  });
});
