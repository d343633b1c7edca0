/**
 * Gemma 2 (arXiv 2408.00118): norms before and after either half of a block, their scales stored less one; GELU in the
 * gate; soft caps on attention scores and logits; every other block with a sliding window; scaled embeddings.
 */
import { field, flag, realNumber, type Fields } from '../config-fields.ts';
import { LIMITS, plainBlocks, readActivation, readCommon, readRotary, readSizes } from './config-parts.ts';
import type { Family } from './family.ts';
import { isRedundantInLlama, llamaTensors } from './llama-tensors.ts';
import { refuseUnimplemented } from './unimplemented.ts';
import { readWindows, windowSize } from './windows.ts';

/** transformers' values where a config is silent. */
const DEFAULTS = { headDim: 256, window: 4096, queryScalar: 256, attentionCap: 50, logitCap: 30 };

export const gemma2: Family = {
  name: 'gemma2',
  architecture: 'Gemma2ForCausalLM',
  trains: false,
  isRedundant: isRedundantInLlama,
  tensors: (config) =>
    llamaTensors(config, {
      mlpNorm: 'pre_feedforward_layernorm',
      attentionPostNorm: 'post_attention_layernorm',
      mlpPostNorm: 'post_feedforward_layernorm',
    }),

  parse(fields) {
    refuseUnimplemented(fields, ['attn_logit_softcapping', 'final_logit_softcapping', 'sliding_window']);
    const sizes = readSizes(fields, { ungroupedByDefault: false, headDim: DEFAULTS.headDim });
    const attentionBias = flag(fields, 'attention_bias', false);
    const scalar = realNumber(fields, 'query_pre_attn_scalar', { min: 1e-3, max: 1e6 }, DEFAULTS.queryScalar);
    const window = windowSize(fields, DEFAULTS.window);
    // An older spelling had hidden_act, and no hidden_activation.
    const activationKey =
      field(fields, 'hidden_activation') === undefined ? 'hidden_act' : 'hidden_activation';
    return {
      family: 'gemma2',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...readRotary(fields, sizes),
      ...readCommon(fields, sizes.vocabSize, { tied: true }),
      windows: readWindows(fields, sizes.layers, window, (layer) => layer % 2 === 0),
      normEps: realNumber(fields, 'rms_norm_eps', LIMITS.epsilon, 1e-6),
      activation: readActivation(fields, activationKey, 'gelu_pytorch_tanh', ['gelu-tanh']),
      blockNorms: 'both',
      normOffset: 1,
      attentionScale: 1 / Math.sqrt(scalar),
      attentionSoftcap: softcap(fields, 'attn_logit_softcapping', DEFAULTS.attentionCap),
      logitSoftcap: softcap(fields, 'final_logit_softcapping', DEFAULTS.logitCap),
      embeddingScale: Math.sqrt(sizes.hiddenSize),
      attentionBias,
      attentionOutputBias: attentionBias,
    };
  },
};

/** null is "no cap"; only an absent key has the default. */
function softcap(fields: Fields, key: string, fallback: number): number | null {
  if (!Object.hasOwn(fields, key)) return fallback;
  return field(fields, key) === undefined ? null : realNumber(fields, key, LIMITS.softcap);
}
