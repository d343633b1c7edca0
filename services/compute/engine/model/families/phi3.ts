/** Phi-3 and Phi-4-mini (arXiv 2404.14219): a Llama with fused projections, some with a window or partial rotation. */
import { realNumber } from '../config-fields.ts';
import {
  LIMITS,
  plainBlocks,
  readActivation,
  readCommon,
  readRotary,
  readSizes,
  readWindows,
  refuseUnimplemented,
  windowSize,
} from './config-parts.ts';
import type { Family } from './family.ts';
import { isRedundantInLlama, LLAMA_NAMES, llamaTensors } from './llama-tensors.ts';

export const phi3: Family = {
  name: 'phi3',
  architecture: 'Phi3ForCausalLM',
  trains: false,
  isRedundant: isRedundantInLlama,
  tensors: (config) => llamaTensors(config, { ...LLAMA_NAMES, fused: true }),

  parse(fields) {
    refuseUnimplemented(fields, ['partial_rotary_factor', 'sliding_window']);
    const sizes = readSizes(fields);
    return {
      family: 'phi3',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...readRotary(fields, sizes, { turnsPart: true }),
      ...readCommon(fields, sizes.vocabSize, { tied: false }),
      windows: readWindows(fields, sizes.layers, windowSize(fields, null), () => true),
      normEps: realNumber(fields, 'rms_norm_eps', LIMITS.epsilon, 1e-5),
      activation: readActivation(fields, 'hidden_act', 'silu', ['silu']),
    };
  },
};
