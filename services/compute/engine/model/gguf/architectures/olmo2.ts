/** `olmo2`: OLMo 2. OLMo 3 comes under the same name, with windows, and is refused by its key of them. */
import type { Architecture } from './architecture.ts';
import {
  LLAMA_IN_BLOCK,
  LLAMA_OUTER,
  NEUTRAL,
  rmsNorm,
  rotary,
  ROTARY_RMS_KEYS,
  sizes,
} from './shared-fields.ts';

const { attn_norm: _before, ffn_norm: _between, ...withoutNorms } = LLAMA_IN_BLOCK;

export const olmo2: Architecture = {
  name: 'olmo2',
  keys: ROTARY_RMS_KEYS,
  neutral: NEUTRAL,
  names: {
    outer: LLAMA_OUTER,
    blocks: 'model.layers',
    inBlock: {
      ...withoutNorms,
      attn_q_norm: 'self_attn.q_norm',
      attn_k_norm: 'self_attn.k_norm',
      post_attention_norm: 'post_attention_layernorm',
      post_ffw_norm: 'post_feedforward_layernorm',
    },
  },
  layout: () => 'same',

  fields: (metadata) => ({
    model_type: 'olmo2',
    architectures: ['Olmo2ForCausalLM'],
    ...sizes(metadata),
    ...rotary(metadata),
    ...rmsNorm(metadata),
    hidden_act: 'silu',
    attention_bias: metadata.has('blk.0.attn_q.bias'),
  }),
};
