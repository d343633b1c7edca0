/**
 * GPT-NeoX and Pythia (arXiv 2204.06745, 2304.01373): LayerNorm, both halves of a block reading its input, a partial
 * rotary embedding, and query, key and value in one tensor, head by head.
 */
import { field, flag, realNumber } from '../config-fields.ts';
import { SHARE, THETA } from '../rope-config.ts';
import { LIMITS, plainBlocks, readActivation, readCommon, readRotary, readSizes } from './config-parts.ts';
import { TensorList, type Family } from './family.ts';
import { isTiedCopy } from './llama-tensors.ts';
import { refuseUnimplemented } from './unimplemented.ts';

const HEAD = 'embed_out';
const ROTATED_SHARE = 0.25;
const MASK = /^gpt_neox\.layers\.\d{1,4}\.attention\.(?:bias|masked_bias)$/;
const ROTARY_BUFFER = /^gpt_neox\.layers\.\d{1,4}\.attention\.rotary_emb\.inv_freq$/;

export const gptNeox: Family = {
  name: 'gpt_neox',
  architecture: 'GPTNeoXForCausalLM',
  trains: false,

  parse(fields) {
    refuseUnimplemented(fields, ['partial_rotary_factor']);
    const sizes = readSizes(fields, { grouped: false });
    const attentionBias = flag(fields, 'attention_bias', true);
    // The family's own names come before transformers' defaults, after rope_parameters.
    const rotary = {
      turnsPart: true,
      theta:
        field(fields, 'rotary_emb_base') === undefined
          ? undefined
          : realNumber(fields, 'rotary_emb_base', THETA),
      partial: realNumber(fields, 'rotary_pct', SHARE, ROTATED_SHARE),
    };
    return {
      family: 'gpt_neox',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...readRotary(fields, sizes, rotary),
      ...readCommon(fields, sizes.vocabSize, { tied: false }),
      norm: 'layer',
      normEps: realNumber(fields, 'layer_norm_eps', LIMITS.epsilon, 1e-5),
      activation: readActivation(fields, 'hidden_act', 'gelu', ['gelu', 'gelu-tanh']),
      gated: false,
      parallel: flag(fields, 'use_parallel_residual', true),
      attentionBias,
      attentionOutputBias: attentionBias,
      mlpBias: true,
    };
  },

  tensors(config) {
    const { vocabSize, hiddenSize, intermediateSize, heads, headDim, attentionBias } = config;
    const list = new TensorList();
    const bias = { bias: true };
    list.add('gpt_neox.embed_in', 'embedding', null, [vocabSize, hiddenSize]);
    for (let layer = 0; layer < config.layers; layer++) {
      const block = `gpt_neox.layers.${layer}`;
      const width = heads * headDim;
      const attention = { bias: attentionBias };
      list.add(`${block}.input_layernorm`, 'attentionNorm', layer, [hiddenSize], bias);
      list.add(
        `${block}.attention.query_key_value`,
        'queryKeyValueByHead',
        layer,
        [3 * width, hiddenSize],
        attention,
      );
      list.add(`${block}.attention.dense`, 'attentionOutput', layer, [hiddenSize, width], attention);
      list.add(`${block}.post_attention_layernorm`, 'mlpNorm', layer, [hiddenSize], bias);
      list.add(`${block}.mlp.dense_h_to_4h`, 'up', layer, [intermediateSize, hiddenSize], bias);
      list.add(`${block}.mlp.dense_4h_to_h`, 'down', layer, [hiddenSize, intermediateSize], bias);
    }
    list.add('gpt_neox.final_layer_norm', 'finalNorm', null, [hiddenSize], bias);
    if (!config.tieEmbeddings) list.add(HEAD, 'head', null, [vocabSize, hiddenSize]);
    return list.specs;
  },

  isRedundant(name, shape, config) {
    if (MASK.test(name)) return shape.length === 4 || shape.length === 0;
    if (ROTARY_BUFFER.test(name)) return shape.length === 1;
    return isTiedCopy(name, shape, config, `${HEAD}.weight`);
  },
};
