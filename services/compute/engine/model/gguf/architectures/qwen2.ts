/** `qwen2`: Qwen2 and Qwen2.5. The converter writes no windows; published models have them switched off. */
import type { Architecture } from './architecture.ts';
import { LLAMA_NAMES, NEUTRAL, rmsNorm, rotary, ROTARY_RMS_KEYS, sizes } from './shared-fields.ts';

export const qwen2: Architecture = {
  name: 'qwen2',
  keys: ROTARY_RMS_KEYS,
  neutral: NEUTRAL,
  names: LLAMA_NAMES,
  layout: () => 'same',

  fields: (metadata) => ({
    model_type: 'qwen2',
    architectures: ['Qwen2ForCausalLM'],
    ...sizes(metadata),
    ...rotary(metadata),
    ...rmsNorm(metadata),
    hidden_act: 'silu',
  }),
};
