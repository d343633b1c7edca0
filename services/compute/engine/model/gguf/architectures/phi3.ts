/**
 * `phi3`: Phi-3 and Phi-4-mini with plain rotary embeddings; longrope, by its factors, is refused. A window of 0 is none.
 * llama.cpp passes over the window of Phi-3; here it counts, as in transformers.
 */
import type { Architecture } from './architecture.ts';
import { ropeScaling } from './rope-scaling.ts';
import { LLAMA_OUTER, NEUTRAL, rmsNorm, ROTARY_RMS_KEYS, rotaryShare, sizes } from './shared-fields.ts';

export const phi3: Architecture = {
  name: 'phi3',
  keys: [...ROTARY_RMS_KEYS, 'attention.sliding_window'],
  neutral: NEUTRAL,
  names: {
    outer: LLAMA_OUTER,
    blocks: 'model.layers',
    inBlock: {
      attn_norm: 'input_layernorm',
      attn_qkv: 'self_attn.qkv_proj',
      attn_output: 'self_attn.o_proj',
      ffn_norm: 'post_attention_layernorm',
      ffn_up: 'mlp.gate_up_proj',
      ffn_down: 'mlp.down_proj',
    },
  },
  layout: () => 'same',

  fields(metadata) {
    const window = metadata.number('attention.sliding_window') ?? 0;
    return {
      model_type: 'phi3',
      architectures: ['Phi3ForCausalLM'],
      ...sizes(metadata),
      rope_theta: metadata.number('rope.freq_base'),
      rope_scaling: ropeScaling(metadata),
      partial_rotary_factor: rotaryShare(metadata, metadata.number('rope.dimension_count')),
      ...rmsNorm(metadata),
      hidden_act: 'silu',
      sliding_window: window === 0 ? undefined : window,
    };
  },
};
