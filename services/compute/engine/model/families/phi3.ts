/** Phi-3 and Phi-4-mini (arXiv 2404.14219): a Llama with fused projections, some with a window or partial rotation. */
import { configUnsupported, realNumber } from '../config-fields.ts';
import { LIMITS, plainBlocks, readActivation, readCommon, readRotary, readSizes } from './config-parts.ts';
import type { Family } from './family.ts';
import { isRedundantInLlama, LLAMA_NAMES, llamaTensors } from './llama-tensors.ts';
import { refuseUnimplemented } from './unimplemented.ts';
import { uniformWindows } from './windows.ts';

export const phi3: Family = {
  name: 'phi3',
  architecture: 'Phi3ForCausalLM',
  trains: false,
  isRedundant: isRedundantInLlama,
  tensors: (config) => llamaTensors(config, { ...LLAMA_NAMES, fused: true }),

  parse(fields) {
    refuseUnimplemented(fields, ['partial_rotary_factor', 'sliding_window']);
    const sizes = readSizes(fields);
    const rotary = readRotary(fields, sizes, { turnsPart: true });
    if (rotary.ropeScaling.kind !== 'none') {
      // transformers refuses them too, but "yarn", which it takes for an old name of longrope.
      throw configUnsupported(
        `rotary scaling "${rotary.ropeScaling.kind}" of a Phi-3 is not implemented`,
        'Use a checkpoint without rotary scaling, such as Phi-3-mini-4k-instruct.',
      );
    }
    return {
      family: 'phi3',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...rotary,
      ...readCommon(fields, sizes.vocabSize, { tied: false }),
      windows: uniformWindows(fields, sizes.layers, null),
      normEps: realNumber(fields, 'rms_norm_eps', LIMITS.epsilon, 1e-5),
      activation: readActivation(fields, 'hidden_act', 'silu', ['silu']),
    };
  },
};
