/** Published checkpoints, by their config.json as they lie on the hub: which settings they run with, or what refuses them. */
import { describe, expect, it } from 'vitest';
import { parseModelConfig, type ModelConfig } from '../model-config.ts';

interface Published {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly runs: Partial<ModelConfig>;
}

function windows(layers: number, size: number | null): (number | null)[] {
  return Array<number | null>(layers).fill(size);
}

const LLAMA = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  hidden_act: 'silu',
  initializer_range: 0.02,
  mlp_bias: false,
  model_type: 'llama',
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  torch_dtype: 'bfloat16',
  transformers_version: '4.42.3',
  use_cache: true,
};
const LLAMA3_SCALING = {
  ...{ high_freq_factor: 4.0, low_freq_factor: 1.0 },
  ...{ original_max_position_embeddings: 8192, rope_type: 'llama3' },
};
const MISTRAL = {
  architectures: ['MistralForCausalLM'],
  ...{ bos_token_id: 1, eos_token_id: 2, hidden_act: 'silu', hidden_size: 4096, initializer_range: 0.02 },
  ...{ intermediate_size: 14336, max_position_embeddings: 32768, model_type: 'mistral' },
  ...{ num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 8, rms_norm_eps: 1e-5 },
  ...{ tie_word_embeddings: false, torch_dtype: 'bfloat16', use_cache: true },
};
const PHI3_CODE = {
  AutoConfig: 'configuration_phi3.Phi3Config',
  AutoModelForCausalLM: 'modeling_phi3.Phi3ForCausalLM',
};
const PHI3 = {
  architectures: ['Phi3ForCausalLM'],
  ...{ attention_dropout: 0.0, auto_map: PHI3_CODE, bos_token_id: 1, embd_pdrop: 0.0, hidden_act: 'silu' },
  ...{ hidden_size: 3072, initializer_range: 0.02, intermediate_size: 8192, model_type: 'phi3' },
  ...{ num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 32 },
  ...{ original_max_position_embeddings: 4096, pad_token_id: 32000, resid_pdrop: 0.0, rms_norm_eps: 1e-5 },
  ...{ rope_theta: 10000.0, tie_word_embeddings: false, torch_dtype: 'bfloat16', vocab_size: 32064 },
};
const PYTHIA = {
  architectures: ['GPTNeoXForCausalLM'],
  ...{ bos_token_id: 0, eos_token_id: 0, hidden_act: 'gelu', hidden_size: 512, initializer_range: 0.02 },
  ...{ intermediate_size: 2048, layer_norm_eps: 1e-5, max_position_embeddings: 2048 },
  ...{ model_type: 'gpt_neox', num_attention_heads: 8, num_hidden_layers: 6, rotary_emb_base: 10000 },
  ...{ rotary_pct: 0.25, tie_word_embeddings: false, torch_dtype: 'float16', use_cache: true },
  ...{ use_parallel_residual: true, vocab_size: 50304 },
};
const GPT2 = {
  activation_function: 'gelu_new',
  architectures: ['GPT2LMHeadModel'],
  ...{ attn_pdrop: 0.1, bos_token_id: 50256, embd_pdrop: 0.1, eos_token_id: 50256, initializer_range: 0.02 },
  ...{ layer_norm_epsilon: 1e-5, model_type: 'gpt2', n_ctx: 1024, n_embd: 768, n_head: 12, n_layer: 12 },
  ...{ n_positions: 1024, resid_pdrop: 0.1, summary_activation: null, summary_first_dropout: 0.1 },
  ...{ summary_proj_to_labels: true, summary_type: 'cls_index', summary_use_proj: true },
  task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } },
  vocab_size: 50257,
};
const QWEN = {
  ...{ attention_dropout: 0.0, hidden_act: 'silu', initializer_range: 0.02, rms_norm_eps: 1e-6 },
  ...{ rope_theta: 1000000.0, torch_dtype: 'bfloat16', use_cache: true, use_sliding_window: false },
  vocab_size: 151936,
};
const QWEN25 = {
  ...{ ...QWEN, architectures: ['Qwen2ForCausalLM'], bos_token_id: 151643, eos_token_id: 151643 },
  ...{ hidden_size: 896, intermediate_size: 4864, max_position_embeddings: 32768, max_window_layers: 24 },
  ...{ model_type: 'qwen2', num_attention_heads: 14, num_hidden_layers: 24, num_key_value_heads: 2 },
  ...{ sliding_window: 32768, tie_word_embeddings: true, use_mrope: false },
};

const PUBLISHED: readonly Published[] = [
  {
    name: 'meta-llama/Llama-2-7b-hf',
    config: {
      ...{ ...LLAMA, bos_token_id: 1, eos_token_id: 2, hidden_size: 4096, intermediate_size: 11008 },
      ...{ max_position_embeddings: 4096, num_attention_heads: 32, num_hidden_layers: 32 },
      ...{ num_key_value_heads: 32, rope_scaling: null, tie_word_embeddings: false },
      ...{ torch_dtype: 'float16', vocab_size: 32000 },
    },
    runs: { kvHeads: 32, headDim: 128, ropeTheta: 10000, ropeScaling: { kind: 'none' }, dtype: 'F16' },
  },
  {
    name: 'meta-llama/Llama-3.1-8B-Instruct',
    config: {
      ...{ ...LLAMA, bos_token_id: 128000, eos_token_id: [128001, 128008, 128009], hidden_size: 4096 },
      ...{ intermediate_size: 14336, max_position_embeddings: 131072, num_attention_heads: 32 },
      ...{ num_hidden_layers: 32, num_key_value_heads: 8, rope_theta: 500000.0, vocab_size: 128256 },
      ...{ rope_scaling: { ...LLAMA3_SCALING, factor: 8.0 }, tie_word_embeddings: false },
    },
    runs: {
      ...{ kvHeads: 8, ropeTheta: 500000, eosTokenIds: [128001, 128008, 128009], maxPositions: 131072 },
      ropeScaling: {
        ...{ kind: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 },
      },
    },
  },
  {
    name: 'meta-llama/Llama-3.2-1B',
    config: {
      ...{ ...LLAMA, bos_token_id: 128000, eos_token_id: 128001, head_dim: 64, hidden_size: 2048 },
      ...{ intermediate_size: 8192, max_position_embeddings: 131072, num_attention_heads: 32 },
      ...{ num_hidden_layers: 16, num_key_value_heads: 8, rope_theta: 500000.0, vocab_size: 128256 },
      ...{ rope_scaling: { ...LLAMA3_SCALING, factor: 32.0 }, tie_word_embeddings: true },
    },
    runs: {
      ...{ headDim: 64, tieEmbeddings: true },
      ropeScaling: {
        ...{ kind: 'llama3', factor: 32, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 },
      },
    },
  },
  {
    name: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0',
    config: {
      ...{ ...LLAMA, bos_token_id: 1, eos_token_id: 2, hidden_size: 2048, intermediate_size: 5632 },
      ...{ max_position_embeddings: 2048, num_attention_heads: 32, num_hidden_layers: 22 },
      ...{ num_key_value_heads: 4, rope_scaling: null, rope_theta: 10000.0, tie_word_embeddings: false },
      vocab_size: 32000,
    },
    runs: { kvHeads: 4, headDim: 64, layers: 22, dtype: 'BF16' },
  },
  {
    name: 'HuggingFaceTB/SmolLM2-360M',
    config: {
      ...{ ...LLAMA, bos_token_id: 0, eos_token_id: 0, hidden_size: 960, initializer_range: 0.02 },
      ...{ intermediate_size: 2560, is_llama_config: true, max_position_embeddings: 8192 },
      ...{ num_attention_heads: 15, num_hidden_layers: 32, num_key_value_heads: 5 },
      ...{ rope_interleaved: false, rope_scaling: null, rope_theta: 100000, tie_word_embeddings: true },
      ...{ 'transformers.js_config': { kv_cache_dtype: { q4f16: 'float16' } }, vocab_size: 49152 },
    },
    runs: { heads: 15, kvHeads: 5, headDim: 64, ropeTheta: 100000, bosTokenId: 0 },
  },
  {
    name: 'mistralai/Mistral-7B-v0.1',
    config: { ...MISTRAL, rope_theta: 10000.0, sliding_window: 4096, vocab_size: 32000 },
    runs: { windows: windows(32, 4096), kvHeads: 8, ropeTheta: 10000 },
  },
  {
    name: 'mistralai/Mistral-7B-v0.3',
    config: { ...MISTRAL, rope_theta: 1000000.0, sliding_window: null, vocab_size: 32768 },
    runs: { windows: windows(32, null), vocabSize: 32768, ropeTheta: 1e6 },
  },
  {
    name: 'mistralai/Mistral-Nemo-Base-2407',
    config: {
      ...{ ...MISTRAL, head_dim: 128, hidden_size: 5120, max_position_embeddings: 128000 },
      ...{ num_hidden_layers: 40, rope_theta: 1000000.0, sliding_window: null, vocab_size: 131072 },
    },
    runs: { headDim: 128, hiddenSize: 5120, heads: 32 },
  },
  {
    name: 'Qwen/Qwen2.5-0.5B',
    config: QWEN25,
    runs: {
      ...{ heads: 14, kvHeads: 2, headDim: 64, attentionBias: true, attentionOutputBias: false },
      ...{ windows: windows(24, null), tieEmbeddings: true, normEps: 1e-6 },
    },
  },
  {
    name: 'Qwen/Qwen3-0.6B',
    config: {
      ...{ ...QWEN, architectures: ['Qwen3ForCausalLM'], attention_bias: false, bos_token_id: 151643 },
      ...{ eos_token_id: 151645, head_dim: 128, hidden_size: 1024, intermediate_size: 3072 },
      ...{ max_position_embeddings: 40960, max_window_layers: 28, model_type: 'qwen3' },
      ...{ num_attention_heads: 16, num_hidden_layers: 28, num_key_value_heads: 8, rope_scaling: null },
      ...{ sliding_window: null, tie_word_embeddings: true },
    },
    runs: { headDim: 128, queryKeyNorm: 'head', windows: windows(28, null), ropeTheta: 1e6 },
  },
  {
    name: 'allenai/OLMo-2-0425-1B',
    config: {
      architectures: ['Olmo2ForCausalLM'],
      ...{ attention_bias: false, attention_dropout: 0.0, eos_token_id: 100257, hidden_act: 'silu' },
      ...{ hidden_size: 2048, initializer_range: 0.02, intermediate_size: 8192, model_type: 'olmo2' },
      ...{ max_position_embeddings: 4096, num_attention_heads: 16, num_hidden_layers: 16 },
      ...{ num_key_value_heads: 16, pad_token_id: 100277, rms_norm_eps: 1e-6, rope_scaling: null },
      ...{ rope_theta: 500000, tie_word_embeddings: false, torch_dtype: 'float32', vocab_size: 100352 },
    },
    runs: { blockNorms: 'after', queryKeyNorm: 'all', normEps: 1e-6, bosTokenId: null },
  },
  {
    name: 'google/gemma-2-2b-it',
    config: {
      architectures: ['Gemma2ForCausalLM'],
      ...{ attention_bias: false, attention_dropout: 0.0, attn_logit_softcapping: 50.0, bos_token_id: 2 },
      ...{ cache_implementation: 'hybrid', eos_token_id: [1, 107], final_logit_softcapping: 30.0 },
      ...{ head_dim: 256, hidden_act: 'gelu_pytorch_tanh', hidden_activation: 'gelu_pytorch_tanh' },
      ...{ hidden_size: 2304, initializer_range: 0.02, intermediate_size: 9216, model_type: 'gemma2' },
      ...{ max_position_embeddings: 8192, num_attention_heads: 8, num_hidden_layers: 26 },
      ...{ num_key_value_heads: 4, pad_token_id: 0, query_pre_attn_scalar: 256, rms_norm_eps: 1e-6 },
      ...{ rope_theta: 10000.0, sliding_window: 4096, torch_dtype: 'bfloat16', vocab_size: 256000 },
    },
    runs: {
      ...{ headDim: 256, activation: 'gelu-tanh', attentionScale: 1 / 16, embeddingScale: 48 },
      ...{ attentionSoftcap: 50, logitSoftcap: 30, tieEmbeddings: true, normOffset: 1 },
      windows: Array.from({ length: 26 }, (_, layer) => (layer % 2 === 0 ? 4096 : null)),
    },
  },
  {
    name: 'microsoft/Phi-3-mini-4k-instruct',
    config: {
      ...{ ...PHI3, attention_bias: false, eos_token_id: 32000, max_position_embeddings: 4096 },
      ...{ rope_scaling: null, sliding_window: 2047 },
    },
    runs: { windows: windows(32, 2047), headDim: 96, rotaryDim: 96, ropeScaling: { kind: 'none' } },
  },
  {
    name: 'EleutherAI/pythia-70m',
    config: PYTHIA,
    runs: {
      ...{ headDim: 64, rotaryDim: 16, ropeTheta: 10000, parallel: true, activation: 'gelu' },
      ...{ norm: 'layer', normEps: 1e-5, tieEmbeddings: false, dtype: 'F16', attentionBias: true },
    },
  },
  {
    name: 'EleutherAI/gpt-neox-20b',
    config: {
      ...{ ...PYTHIA, attention_probs_dropout_prob: 0, hidden_act: 'gelu_fast', hidden_dropout_prob: 0 },
      ...{ hidden_size: 6144, intermediate_size: 24576, num_attention_heads: 64, num_hidden_layers: 44 },
      vocab_size: 50432,
    },
    runs: { headDim: 96, rotaryDim: 24, activation: 'gelu-tanh' },
  },
  {
    name: 'openai-community/gpt2',
    config: GPT2,
    runs: {
      ...{ vocabSize: 50257, hiddenSize: 768, intermediateSize: 3072, headDim: 64, maxPositions: 1024 },
      ...{ rotaryDim: null, activation: 'gelu-tanh', tieEmbeddings: true, dtype: null },
    },
  },
  {
    name: 'openai-community/gpt2-xl',
    config: { ...GPT2, n_embd: 1600, n_head: 25, n_layer: 48, output_past: true, n_inner: null },
    runs: { heads: 25, headDim: 64, intermediateSize: 6400 },
  },
];

describe('a published config.json', () => {
  it.each(PUBLISHED.map((published) => [published.name, published] as const))(
    '%s runs',
    (_name, published) => {
      expect(parseModelConfig(published.config)).toMatchObject(published.runs);
    },
  );

  const longrope = {
    long_factor: Array<number>(48).fill(1.5),
    short_factor: Array<number>(48).fill(1.1),
    type: 'longrope',
  };
  it.each<[name: string, config: object, refusal: RegExp]>([
    [
      'microsoft/Phi-3.5-mini-instruct',
      { ...PHI3, max_position_embeddings: 131072, rope_scaling: longrope, sliding_window: 262144 },
      /longrope|_factor/,
    ],
    [
      'microsoft/phi-2',
      { architectures: ['PhiForCausalLM'], model_type: 'phi', partial_rotary_factor: 0.4 },
      /model_type "phi"/,
    ],
    [
      'mistralai/Mixtral-8x7B-v0.1',
      { ...MISTRAL, architectures: ['MixtralForCausalLM'], model_type: 'mixtral', num_local_experts: 8 },
      /model_type "mixtral"/,
    ],
    [
      'unsloth/Qwen2.5-0.5B-bnb-4bit',
      { ...QWEN25, quantization_config: { load_in_4bit: true, quant_method: 'bitsandbytes' } },
      /quantization_config/,
    ],
    [
      // An embedding model that attends both ways, under the name of a model that writes.
      'Alibaba-NLP/gte-Qwen2-1.5B-instruct',
      { ...QWEN25, auto_map: { AutoModel: 'modeling_qwen.Qwen2Model' }, is_causal: false },
      /is_causal false/,
    ],
    [
      'NousResearch/Yarn-Llama-2-7b-64k',
      {
        ...{ ...LLAMA, hidden_size: 4096, intermediate_size: 11008, max_position_embeddings: 65536 },
        ...{ num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 32, vocab_size: 32000 },
        ...{ auto_map: { AutoModelForCausalLM: 'modeling_llama_together_yarn.LlamaForCausalLM' } },
        rope_scaling: {
          ...{ factor: 16.0, finetuned: true, original_max_position_embeddings: 4096, type: 'yarn' },
        },
      },
      /finetuned/,
    ],
  ])('%s is refused by name', (_name, config, refusal) => {
    expect(() => parseModelConfig(config)).toThrow(refusal);
  });
});
