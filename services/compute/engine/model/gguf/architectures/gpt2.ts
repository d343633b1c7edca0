/** `gpt2`: GPT-2, whose matrices the converter turns to (outputs, inputs). */
import type { Architecture } from './architecture.ts';
import { LAYER_NORM_KEYS, NEUTRAL, sizes } from './shared-fields.ts';

const TRANSPOSED = /\.(?:c_attn|c_proj|c_fc)\.weight$/;

export const gpt2: Architecture = {
  name: 'gpt2',
  keys: LAYER_NORM_KEYS,
  neutral: NEUTRAL,
  names: {
    outer: {
      token_embd: 'transformer.wte',
      position_embd: 'transformer.wpe',
      output_norm: 'transformer.ln_f',
      output: 'lm_head',
    },
    blocks: 'transformer.h',
    inBlock: {
      attn_norm: 'ln_1',
      attn_qkv: 'attn.c_attn',
      attn_output: 'attn.c_proj',
      ffn_norm: 'ln_2',
      ffn_up: 'mlp.c_fc',
      ffn_down: 'mlp.c_proj',
    },
  },
  layout: (name) => (TRANSPOSED.test(name) ? 'transposed' : 'same'),

  fields(metadata) {
    const {
      hidden_size: n_embd,
      intermediate_size: n_inner,
      num_hidden_layers: n_layer,
      num_attention_heads: n_head,
      max_position_embeddings: n_positions,
      num_key_value_heads: _grouped,
      ...others
    } = sizes(metadata);
    return {
      model_type: 'gpt2',
      architectures: ['GPT2LMHeadModel'],
      ...others,
      ...{ n_embd, n_inner, n_layer, n_head, n_positions },
      layer_norm_epsilon: metadata.required('attention.layer_norm_epsilon'),
      activation_function: 'gelu_new',
    };
  },
};
