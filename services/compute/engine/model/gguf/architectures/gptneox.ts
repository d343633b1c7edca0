/**
 * `gptneox`: GPT-NeoX and Pythia. The converter takes query, key and value of the heads apart, all queries first. Which
 * GELU it is no key says: Pythia's is exact, and that of GPT-NeoX-20B the approximation by tanh.
 */
import type { Architecture } from './architecture.ts';
import { ROPE_KEYS, ropeScaling } from './rope-scaling.ts';
import { LAYER_NORM_KEYS, NEUTRAL, rotaryShare, sizes } from './shared-fields.ts';

const STACKED_HEADS = /\.attention\.query_key_value\.(?:weight|bias)$/;
const LAYERS_OF_20B = 44;

export const gptNeox: Architecture = {
  name: 'gptneox',
  keys: [...LAYER_NORM_KEYS, ...ROPE_KEYS, 'rope.dimension_count', 'use_parallel_residual'],
  neutral: NEUTRAL,
  names: {
    outer: {
      token_embd: 'gpt_neox.embed_in',
      output_norm: 'gpt_neox.final_layer_norm',
      output: 'embed_out',
    },
    blocks: 'gpt_neox.layers',
    inBlock: {
      attn_norm: 'input_layernorm',
      attn_qkv: 'attention.query_key_value',
      attn_output: 'attention.dense',
      ffn_norm: 'post_attention_layernorm',
      ffn_up: 'mlp.dense_h_to_4h',
      ffn_down: 'mlp.dense_4h_to_h',
    },
  },
  layout: (name) => (STACKED_HEADS.test(name) ? 'stacked-heads' : 'same'),

  fields: (metadata) => ({
    model_type: 'gpt_neox',
    architectures: ['GPTNeoXForCausalLM'],
    ...sizes(metadata),
    // The family's own names, which are those that transformers reads.
    rotary_emb_base: metadata.number('rope.freq_base'),
    rotary_pct: rotaryShare(metadata, metadata.required('rope.dimension_count')),
    rope_scaling: ropeScaling(metadata),
    layer_norm_eps: metadata.required('attention.layer_norm_epsilon'),
    hidden_act: metadata.number('block_count') === LAYERS_OF_20B ? 'gelu_fast' : 'gelu',
    use_parallel_residual: metadata.flag('use_parallel_residual'),
    attention_bias: metadata.has('blk.0.attn_qkv.bias'),
  }),
};
