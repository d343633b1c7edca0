/** Qwen3, the dense models (arXiv 2505.09388): a Llama that normalises each head's queries and keys. */
import { flag, realNumber } from '../config-fields.ts';
import { LIMITS, plainBlocks, readActivation, readCommon, readRotary, readSizes } from './config-parts.ts';
import type { Family } from './family.ts';
import { isRedundantInLlama, llamaTensors } from './llama-tensors.ts';
import { qwenWindows } from './qwen.ts';
import { refuseUnimplemented } from './unimplemented.ts';

const DEFAULT_HEAD_DIM = 128;

export const qwen3: Family = {
  name: 'qwen3',
  architecture: 'Qwen3ForCausalLM',
  trains: true,
  isRedundant: isRedundantInLlama,
  tensors: (config) => llamaTensors(config),

  parse(fields) {
    refuseUnimplemented(fields, ['sliding_window', 'use_sliding_window']);
    const sizes = readSizes(fields, { ungroupedByDefault: false, headDim: DEFAULT_HEAD_DIM });
    const attentionBias = flag(fields, 'attention_bias', false);
    return {
      family: 'qwen3',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...readRotary(fields, sizes),
      ...readCommon(fields, sizes.vocabSize, { tied: false }),
      windows: qwenWindows(fields, sizes.layers),
      normEps: realNumber(fields, 'rms_norm_eps', LIMITS.epsilon, 1e-6),
      activation: readActivation(fields, 'hidden_act', 'silu', ['silu']),
      queryKeyNorm: 'head',
      attentionBias,
      attentionOutputBias: attentionBias,
    };
  },
};
