/**
 * Rotary scaling in GGUF's words, as transformers' rope_scaling.
 *
 * llama.cpp reads a few of the keys that its converter writes. Where it passes one over, the file means one thing to
 * transformers, which it was made from, and another to llama.cpp; only values that mean the same to both are taken. So
 * YaRN has llama.cpp's defaults, which are transformers' too: beta_fast 32, beta_slow 1, an extrapolation factor of 1, and
 * an attention factor of 0.1 ln(factor) + 1 (llama-context.cpp cancels and `rope_yarn` multiplies by it again).
 */
import type { Fields } from '../../config-fields.ts';
import { shown, type GgufMetadata } from '../gguf-metadata.ts';

const YARN = {
  ext_factor: 'rope.scaling.yarn_ext_factor',
  attn_factor: 'rope.scaling.yarn_attn_factor',
  beta_fast: 'rope.scaling.yarn_beta_fast',
  beta_slow: 'rope.scaling.yarn_beta_slow',
  log_multiplier: 'rope.scaling.yarn_log_multiplier',
} as const;

export const ROPE_KEYS: readonly string[] = [
  'rope.freq_base',
  'rope.scale_linear',
  'rope.scaling.factor',
  'rope.scaling.original_context_length',
  'rope.scaling.type',
  ...Object.values(YARN),
];

/** The attention factor is float32 in the file. */
const TOLERANCE = 1e-6;

/** llama.cpp takes a factor without a type for linear scaling, and 0 for none. */
export function ropeScaling(metadata: GgufMetadata): Fields | undefined {
  const type = metadata.value('rope.scaling.type') ?? 'linear';
  const given = metadata.number('rope.scaling.factor') ?? metadata.number('rope.scale_linear') ?? 0;
  const factor = type === 'none' || given === 0 ? 1 : given;
  checkYarn(metadata, type === 'yarn' ? factor : 1);
  if (type !== 'none' && type !== 'linear' && type !== 'yarn') {
    throw metadata.unsupported(`${metadata.nameOf('rope.scaling.type')} ${shown(type)}`);
  }
  // Without a factor transformers takes the contexts' ratio, and llama.cpp none.
  if (type === 'yarn' && given === 0) {
    throw metadata.unsupported(`${metadata.nameOf('rope.scaling.type')} "yarn" without a factor`);
  }
  if (factor === 1) return undefined;
  return type === 'yarn' ? yarn(metadata, factor) : { rope_type: 'linear', factor };
}

function yarn(metadata: GgufMetadata, factor: number): Fields {
  const original = metadata.number('rope.scaling.original_context_length');
  return { rope_type: 'yarn', factor, original_max_position_embeddings: original };
}

function checkYarn(metadata: GgufMetadata, factor: number): void {
  const attention = 0.1 * Math.log(Math.max(1, factor)) + 1;
  const same: readonly (readonly [key: string, value: number])[] = [
    [YARN.ext_factor, 1],
    [YARN.attn_factor, attention],
    [YARN.beta_fast, 32],
    [YARN.beta_slow, 1],
    [YARN.log_multiplier, 0],
  ];
  for (const [key, value] of same) {
    const found = metadata.number(key);
    if (found === undefined || Math.abs(found - value) <= TOLERANCE * value) continue;
    throw metadata.unsupported(
      `${metadata.nameOf(key)} ${found}`,
      'llama.cpp and transformers understand it differently: use the safetensors of the model.',
    );
  }
}
