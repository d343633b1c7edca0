/** Llama 1 to 3.x, TinyLlama, SmolLM2 and what else calls itself LlamaForCausalLM (arXiv 2302.13971, 2407.21783). */
import { flag, realNumber } from '../config-fields.ts';
import { LIMITS, plainBlocks, readActivation, readCommon, readRotary, readSizes } from './config-parts.ts';
import type { Family } from './family.ts';
import { isRedundantInLlama, llamaTensors } from './llama-tensors.ts';
import { refuseUnimplemented } from './unimplemented.ts';
import { readWindows } from './windows.ts';

export const llama: Family = {
  name: 'llama',
  architecture: 'LlamaForCausalLM',
  trains: true,
  isRedundant: isRedundantInLlama,
  tensors: (config) => llamaTensors(config),

  parse(fields) {
    refuseUnimplemented(fields);
    const sizes = readSizes(fields);
    const attentionBias = flag(fields, 'attention_bias', false);
    return {
      family: 'llama',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...readRotary(fields, sizes),
      ...readCommon(fields, sizes.vocabSize, { tied: false }),
      windows: readWindows(fields, sizes.layers, null, () => false),
      normEps: realNumber(fields, 'rms_norm_eps', LIMITS.epsilon, 1e-6),
      activation: readActivation(fields, 'hidden_act', 'silu', ['silu']),
      attentionBias,
      attentionOutputBias: attentionBias,
      mlpBias: flag(fields, 'mlp_bias', false),
    };
  },
};
