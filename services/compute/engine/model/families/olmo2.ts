/** OLMo 2 (arXiv 2501.00656): norms after either half of a block instead of before, and over all queries and keys. */
import { flag, realNumber } from '../config-fields.ts';
import { LIMITS, plainBlocks, readActivation, readCommon, readRotary, readSizes } from './config-parts.ts';
import type { Family } from './family.ts';
import { isRedundantInLlama, llamaTensors } from './llama-tensors.ts';
import { refuseUnimplemented } from './unimplemented.ts';
import { readWindows } from './windows.ts';

export const olmo2: Family = {
  name: 'olmo2',
  architecture: 'Olmo2ForCausalLM',
  trains: false,
  isRedundant: isRedundantInLlama,
  tensors: (config) =>
    llamaTensors(config, {
      mlpNorm: null,
      attentionPostNorm: 'post_attention_layernorm',
      mlpPostNorm: 'post_feedforward_layernorm',
    }),

  parse(fields) {
    refuseUnimplemented(fields);
    const sizes = readSizes(fields);
    const attentionBias = flag(fields, 'attention_bias', false);
    return {
      family: 'olmo2',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...readRotary(fields, sizes),
      ...readCommon(fields, sizes.vocabSize, { tied: false }),
      windows: readWindows(fields, sizes.layers, null, () => false),
      normEps: realNumber(fields, 'rms_norm_eps', LIMITS.epsilon, 1e-5),
      activation: readActivation(fields, 'hidden_act', 'silu', ['silu']),
      blockNorms: 'after',
      queryKeyNorm: 'all',
      attentionBias,
      attentionOutputBias: attentionBias,
    };
  },
};
