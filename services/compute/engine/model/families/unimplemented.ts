/** Options of config.json that would change what a model computes, and that are not implemented: refused, never ignored. */
import { configUnsupported, field, show, type Fields } from '../config-fields.ts';

/** Each with the values that mean "off"; an absent key and null always do. */
const MUST_BE_OFF: readonly (readonly [key: string, ...off: unknown[]])[] = [
  ['add_cross_attention', false],
  ['attn_logit_softcapping'],
  ['attention_multiplier'],
  ['clip_qkv'],
  ['embedding_multiplier'],
  ['final_logit_softcapping'],
  // Embedding models have this set to false, and transformers then gives any family a mask that sees all tokens.
  ['is_causal', true],
  ['is_encoder_decoder', false],
  ['logit_scale'],
  ['logits_scaling'],
  ['num_experts', 0],
  ['num_local_experts', 0],
  ['partial_rotary_factor', 1],
  ['qk_norm', false],
  ['quantization_config'],
  ['residual_multiplier'],
  ['rope_interleaved', false],
  ['scale_attn_by_inverse_layer_idx', false],
  ['scale_attn_weights', true],
  ['sliding_window'],
  ['use_bidirectional_attention', false],
  ['use_qk_norm', false],
  ['use_sliding_window', false],
];

/**
 * Throws CONFIG_UNSUPPORTED, naming the key.
 * @param implemented keys of these that the family reads itself
 */
export function refuseUnimplemented(fields: Fields, implemented: readonly string[] = []): void {
  for (const [key, ...off] of MUST_BE_OFF) {
    const value = field(fields, key);
    if (value === undefined || off.includes(value) || implemented.includes(key)) continue;
    throw configUnsupported(
      `${key} ${show(value)} is not implemented`,
      'Use a checkpoint without this option; it would be run wrongly here.',
    );
  }
}
