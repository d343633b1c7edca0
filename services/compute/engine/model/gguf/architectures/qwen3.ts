/** `qwen3`: the dense models of Qwen3. */
import type { Architecture } from './architecture.ts';
import {
  LLAMA_IN_BLOCK,
  LLAMA_NAMES,
  NEUTRAL,
  rmsNorm,
  rotary,
  ROTARY_RMS_KEYS,
  sizes,
} from './shared-fields.ts';

export const qwen3: Architecture = {
  name: 'qwen3',
  keys: ROTARY_RMS_KEYS,
  neutral: NEUTRAL,
  names: {
    ...LLAMA_NAMES,
    inBlock: { ...LLAMA_IN_BLOCK, attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' },
  },
  layout: () => 'same',

  fields: (metadata) => ({
    model_type: 'qwen3',
    architectures: ['Qwen3ForCausalLM'],
    ...sizes(metadata),
    ...rotary(metadata),
    ...rmsNorm(metadata),
    hidden_act: 'silu',
    attention_bias: metadata.has('blk.0.attn_q.bias'),
  }),
};
