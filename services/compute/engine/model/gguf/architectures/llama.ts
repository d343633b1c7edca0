/**
 * `llama`: Llama, TinyLlama, SmolLM2, and Mistral, which the converter takes for the same. Its rows of queries and keys are
 * in the order of llama.cpp's rotary embedding. The converter does not write Mistral's window: a file that names one is a
 * Mistral's; of the others a config.json beside them may say so.
 */
import type { Architecture } from './architecture.ts';
import { LLAMA_NAMES, NEUTRAL, rmsNorm, rotary, ROTARY_RMS_KEYS, sizes } from './shared-fields.ts';

const ROTARY_ROWS = /\.self_attn\.[qk]_proj\.(?:weight|bias)$/;

export const llama: Architecture = {
  name: 'llama',
  keys: [...ROTARY_RMS_KEYS, 'attention.sliding_window'],
  neutral: NEUTRAL,
  names: LLAMA_NAMES,
  layout: (name) => (ROTARY_ROWS.test(name) ? 'rotary-rows' : 'same'),

  fields(metadata) {
    const window = metadata.number('attention.sliding_window') ?? 0;
    const family =
      window === 0
        ? { model_type: 'llama', architectures: ['LlamaForCausalLM'] }
        : { model_type: 'mistral', architectures: ['MistralForCausalLM'], sliding_window: window };
    return {
      ...family,
      ...sizes(metadata),
      ...rotary(metadata),
      ...rmsNorm(metadata),
      hidden_act: 'silu',
      attention_bias: metadata.has('blk.0.attn_q.bias'),
      mlp_bias: metadata.has('blk.0.ffn_gate.bias'),
    };
  },
};
