/** Metadata that most architectures have in common, and Llama's names of tensors. */
import type { Fields } from '../../config-fields.ts';
import type { GgufMetadata } from '../gguf-metadata.ts';
import type { Neutral, TensorNames } from './architecture.ts';
import { ROPE_KEYS, ropeScaling } from './rope-scaling.ts';

const SIZE_KEYS = [
  'attention.head_count',
  'attention.key_length',
  'attention.value_length',
  'block_count',
  'context_length',
  'embedding_length',
  'feed_forward_length',
  'vocab_size',
];

/** Read by sizes(), rotary() and rmsNorm(). */
export const ROTARY_RMS_KEYS = [
  ...SIZE_KEYS,
  ...ROPE_KEYS,
  'attention.head_count_kv',
  'attention.layer_norm_rms_epsilon',
  'rope.dimension_count',
];
/** Of models whose heads all have keys and values of their own. */
export const LAYER_NORM_KEYS = [...SIZE_KEYS, 'attention.layer_norm_epsilon'];

/** What some files say without it changing anything, and the values that say "off". */
export const NEUTRAL: Neutral = {
  'attention.causal': [true],
  'attention.sliding_window': [0],
  expert_count: [0],
  expert_used_count: [0],
  'rope.scaling.attn_factor': [1],
  'rope.scaling.finetuned': 'any',
  use_parallel_residual: [false],
};

/** What llama.cpp writes for a special token that there is not. */
const NO_TOKEN = 0xffffffff;

/** Numbers of layers, heads and tokens, and what the file's tensors say: a head of its own, biases. */
export function sizes(metadata: GgufMetadata): Fields {
  const { number } = bound(metadata);
  const begin = metadata.anyNumber('tokenizer.ggml.bos_token_id');
  const end = ['eos_token_id', 'eot_token_id']
    .map((key) => metadata.anyNumber(`tokenizer.ggml.${key}`))
    .filter(isToken);
  const heads = number('attention.head_count');
  return {
    // The embedding says how many tokens there are; the key is optional, and then checked against it.
    vocab_size: number('vocab_size') ?? metadata.rows('token_embd.weight'),
    hidden_size: number('embedding_length'),
    intermediate_size: number('feed_forward_length'),
    num_hidden_layers: number('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: number('attention.head_count_kv') ?? heads,
    head_dim: headDim(metadata),
    max_position_embeddings: number('context_length'),
    tie_word_embeddings: !metadata.has('output.weight'),
    bos_token_id: isToken(begin) ? begin : undefined,
    eos_token_id: oneOrList([...new Set(end)]),
  };
}

/** Without a key of its own a head has an equal share of the width, whatever Hugging Face's default is. */
export function headDim(metadata: GgufMetadata): number | undefined {
  const { number } = bound(metadata);
  const key = number('attention.key_length');
  const value = number('attention.value_length');
  const [width, heads] = [number('embedding_length'), number('attention.head_count')];
  const dimensions = key ?? (width === undefined || heads === undefined ? undefined : width / heads);
  if (value !== undefined && dimensions !== undefined && value !== dimensions) {
    const what = `${metadata.nameOf('attention.value_length')} ${value} beside heads of ${dimensions} dimensions`;
    throw metadata.unsupported(what);
  }
  return dimensions;
}

/** The rotary embedding of a model that turns whole heads. */
export function rotary(metadata: GgufMetadata): Fields {
  const dimensions = headDim(metadata);
  const turned = metadata.number('rope.dimension_count');
  if (turned !== undefined && dimensions !== undefined && turned !== dimensions) {
    const what = `${metadata.nameOf('rope.dimension_count')} ${turned} beside heads of ${dimensions} dimensions`;
    throw metadata.unsupported(what);
  }
  return { rope_theta: metadata.number('rope.freq_base'), rope_scaling: ropeScaling(metadata) };
}

/** The share of a head that turns, of which the first `turned` dimensions do. */
export function rotaryShare(metadata: GgufMetadata, turned: number | undefined): number {
  const dimensions = headDim(metadata);
  if (turned === undefined || dimensions === undefined) return 1;
  const share = turned / dimensions;
  // Half a dimension more where the division rounds so that rounding down would not give `turned` back.
  return Math.floor(dimensions * share) === turned ? share : (turned + 0.5) / dimensions;
}

export function rmsNorm(metadata: GgufMetadata): Fields {
  return { rms_norm_eps: metadata.required('attention.layer_norm_rms_epsilon') };
}

export const LLAMA_OUTER: TensorNames['outer'] = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

export const LLAMA_IN_BLOCK: TensorNames['inBlock'] = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

export const LLAMA_NAMES: TensorNames = {
  outer: LLAMA_OUTER,
  blocks: 'model.layers',
  inBlock: LLAMA_IN_BLOCK,
};

function bound(metadata: GgufMetadata): { number: (key: string) => number | undefined } {
  return { number: (key) => metadata.number(key) };
}

/** As config.json files have it. */
function oneOrList(ids: readonly number[]): number | readonly number[] | undefined {
  return ids.length > 1 ? ids : ids[0];
}

function isToken(id: number | undefined): id is number {
  return id !== undefined && id !== NO_TOKEN;
}
