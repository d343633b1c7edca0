/** Mistral 7B and its kin (arXiv 2310.06825): a Llama without biases, with a sliding window in the first versions. */
import { realNumber } from '../config-fields.ts';
import { LIMITS, plainBlocks, readActivation, readCommon, readRotary, readSizes } from './config-parts.ts';
import type { Family } from './family.ts';
import { isRedundantInLlama, llamaTensors } from './llama-tensors.ts';
import { refuseUnimplemented } from './unimplemented.ts';
import { uniformWindows } from './windows.ts';

/** transformers' window where a config does not mention one; null means none. */
const DEFAULT_WINDOW = 4096;

export const mistral: Family = {
  name: 'mistral',
  architecture: 'MistralForCausalLM',
  trains: true,
  isRedundant: isRedundantInLlama,
  tensors: (config) => llamaTensors(config),

  parse(fields) {
    refuseUnimplemented(fields, ['sliding_window']);
    const sizes = readSizes(fields, { ungroupedByDefault: false });
    return {
      family: 'mistral',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...readRotary(fields, sizes),
      ...readCommon(fields, sizes.vocabSize, { tied: false }),
      windows: uniformWindows(fields, sizes.layers, DEFAULT_WINDOW),
      normEps: realNumber(fields, 'rms_norm_eps', LIMITS.epsilon, 1e-6),
      activation: readActivation(fields, 'hidden_act', 'silu', ['silu']),
    };
  },
};
