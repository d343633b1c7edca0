/** Qwen2 and Qwen2.5 (arXiv 2407.10671, 2412.15115): a Llama with biases on query, key and value. */
import { realNumber } from '../config-fields.ts';
import { LIMITS, plainBlocks, readActivation, readCommon, readRotary, readSizes } from './config-parts.ts';
import type { Family } from './family.ts';
import { isRedundantInLlama, llamaTensors } from './llama-tensors.ts';
import { qwenWindows } from './qwen.ts';
import { refuseUnimplemented } from './unimplemented.ts';

export const qwen2: Family = {
  name: 'qwen2',
  architecture: 'Qwen2ForCausalLM',
  trains: true,
  isRedundant: isRedundantInLlama,
  tensors: (config) => llamaTensors(config),

  parse(fields) {
    refuseUnimplemented(fields, ['sliding_window', 'use_sliding_window']);
    const sizes = readSizes(fields, { ungroupedByDefault: false });
    return {
      family: 'qwen2',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...readRotary(fields, sizes),
      ...readCommon(fields, sizes.vocabSize, { tied: false }),
      windows: qwenWindows(fields, sizes.layers),
      normEps: realNumber(fields, 'rms_norm_eps', LIMITS.epsilon, 1e-6),
      activation: readActivation(fields, 'hidden_act', 'silu', ['silu']),
      attentionBias: true,
    };
  },
};
