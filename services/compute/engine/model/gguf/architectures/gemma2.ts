/**
 * `gemma2`: Gemma 2. Norms' scales are stored with the 1 added that the family's checkpoints lack, and what queries are
 * scaled by follows from the model's size, since there is no key for it.
 */
import type { GgufMetadata } from '../gguf-metadata.ts';
import type { Architecture } from './architecture.ts';
import {
  headDim,
  LLAMA_IN_BLOCK,
  LLAMA_OUTER,
  NEUTRAL,
  rmsNorm,
  rotary,
  ROTARY_RMS_KEYS,
  sizes,
} from './shared-fields.ts';

/** The 27B model, which llama.cpp tells by this too. */
const LAYERS_OF_27B = 46;

export const gemma2: Architecture = {
  name: 'gemma2',
  keys: [...ROTARY_RMS_KEYS, 'attention.sliding_window', 'attn_logit_softcapping', 'final_logit_softcapping'],
  neutral: NEUTRAL,
  names: {
    outer: LLAMA_OUTER,
    blocks: 'model.layers',
    inBlock: {
      ...LLAMA_IN_BLOCK,
      ffn_norm: 'pre_feedforward_layernorm',
      post_attention_norm: 'post_attention_layernorm',
      post_ffw_norm: 'post_feedforward_layernorm',
    },
  },
  // The converter asks the same of Hugging Face's names.
  layout: (name) => (name.endsWith('norm.weight') ? 'plus-one' : 'same'),

  fields: (metadata) => ({
    model_type: 'gemma2',
    architectures: ['Gemma2ForCausalLM'],
    ...sizes(metadata),
    ...rotary(metadata),
    ...rmsNorm(metadata),
    hidden_activation: 'gelu_pytorch_tanh',
    // Where they are absent, llama.cpp's defaults are transformers'.
    sliding_window: metadata.number('attention.sliding_window'),
    attn_logit_softcapping: metadata.number('attn_logit_softcapping'),
    final_logit_softcapping: metadata.number('final_logit_softcapping'),
    query_pre_attn_scalar: queryScalar(metadata),
    attention_bias: metadata.has('blk.0.attn_q.bias'),
  }),
};

/** A head's size; in the largest model, whose heads are smaller, a head's share of the width. */
function queryScalar(metadata: GgufMetadata): number | undefined {
  if (metadata.number('block_count') !== LAYERS_OF_27B) return headDim(metadata);
  return Math.floor(metadata.required('embedding_length') / metadata.required('attention.head_count'));
}
