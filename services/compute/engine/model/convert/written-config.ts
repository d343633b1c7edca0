/**
 * The config.json of a written model: the one that lies beside its weights or that its metadata give, with the precision that
 * is written. Whatever is written is read back and must be the config that the model runs by: a folder that computes something
 * else is never made.
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import type { Fields } from '../config-fields.ts';
import type { DType } from '../dtype.ts';
import { parseModelConfig, type ModelConfig } from '../model-config.ts';
import { torchName } from './output-dtype.ts';

/** Throws CONFIG_UNSUPPORTED where `original` is not what the model runs by. */
export function writtenConfig(config: ModelConfig, original: Fields, dtype: DType): Fields {
  // Both spellings may be there: one is kept, the one that every version of transformers reads. The code that auto_map
  // names is not carried over.
  const { dtype: _newer, torch_dtype: _older, auto_map: _code, ...rest } = original;
  const written = {
    ...rest,
    ...scalingByFactors(config, original),
    tie_word_embeddings: config.tieEmbeddings,
    torch_dtype: torchName(dtype),
  };
  if (whatCounts(parseModelConfig(written)) === whatCounts(config)) return written;
  throw new ReptraceError(
    'CONFIG_UNSUPPORTED',
    'The config.json beside the model does not say what the model is run by.',
    'Put the config.json of the model that the weights were made from beside them, and convert again.',
  );
}

/** Numbers that transformers wants to be real ones. JavaScript writes 30.0 as 30, which it refuses for a float. */
const REAL = [
  ...['attn_logit_softcapping', 'final_logit_softcapping', 'initializer_range'],
  ...['layer_norm_eps', 'layer_norm_epsilon', 'rms_norm_eps'],
  ...[
    'attention_factor',
    'beta_fast',
    'beta_slow',
    'factor',
    'high_freq_factor',
    'low_freq_factor',
    'rope_theta',
  ],
];
const WHOLE = new RegExp(`^( *"(?:${REAL.join('|')})": \\d+)(,?)$`, 'gm');

/** As the text of a file. */
export function configText(config: Fields): string {
  return `${JSON.stringify(config, undefined, 2).replace(WHOLE, '$1.0$2')}\n`;
}

/** llama3's scaling, which GGUF metadata do not have: it was found by the file's rotary factors. */
function scalingByFactors({ ropeScaling }: ModelConfig, original: Fields): Fields {
  const told = Object.hasOwn(original, 'rope_scaling') || Object.hasOwn(original, 'rope_parameters');
  if (told || ropeScaling.kind !== 'llama3') return {};
  return {
    rope_scaling: {
      rope_type: 'llama3',
      factor: ropeScaling.factor,
      low_freq_factor: ropeScaling.lowFreqFactor,
      high_freq_factor: ropeScaling.highFreqFactor,
      original_max_position_embeddings: ropeScaling.originalMaxPositions,
    },
  };
}

/** The stored precision is what is changed; how fresh weights are made changes nothing. */
function whatCounts(config: ModelConfig): string {
  const { dtype: _dtype, initializerRange: _range, ...rest } = config;
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}
