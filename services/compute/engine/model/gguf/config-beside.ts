/**
 * A config.json beside a GGUF file: it must describe the same model. It then says what GGUF does not (rotary scaling
 * of kind llama3, which GGUF has as bare factors) and what the publisher means by it (context, special tokens).
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import type { ModelConfig } from '../model-config.ts';
import { ropeFrequencies } from '../rope-frequencies.ts';

const SAME = [
  'vocabSize',
  'hiddenSize',
  'intermediateSize',
  'layers',
  'heads',
  'kvHeads',
  'headDim',
  'ropeTheta',
  'rmsNormEps',
  'attentionBias',
  'mlpBias',
] as const satisfies readonly (keyof ModelConfig)[];

/** Rotary factors are computed in float32 by the converters. */
const FACTOR_TOLERANCE = 1e-4;

/**
 * The config to run the model with.
 * @param own from the GGUF file's metadata
 * @param factors of the rotary embedding's frequencies, headDim / 2, where the file has them
 */
export function settleConfig(
  file: string,
  own: ModelConfig,
  beside: ModelConfig | undefined,
  factors: Float32Array | undefined,
): ModelConfig {
  if (beside !== undefined) checkSame(file, own, beside);
  // A head of its own may lie in the file of a model that config.json calls tied: as in llama.cpp, it is used.
  const config = beside === undefined ? own : { ...beside, tieEmbeddings: own.tieEmbeddings, dtype: null };
  checkFactors(file, config, factors);
  return config;
}

function checkSame(file: string, own: ModelConfig, beside: ModelConfig): void {
  for (const key of SAME) {
    const [a, b] = [Number(own[key]), Number(beside[key])];
    // GGUF stores real numbers as float32.
    if (Math.fround(a) !== Math.fround(b)) throw contradiction(file, `${key} ${a} against ${b}`);
  }
  if (own.tieEmbeddings && !beside.tieEmbeddings)
    throw contradiction(file, 'a tied head against one of its own');
  const [a, b] = [own.ropeScaling, beside.ropeScaling];
  if (b.kind === 'llama3' && a.kind === 'none') return; // then the factors are compared
  const factorOf = (scaling: ModelConfig['ropeScaling']): number =>
    scaling.kind === 'none' ? 1 : scaling.factor;
  if (b.kind === 'llama3' || Math.fround(factorOf(a)) !== Math.fround(factorOf(b))) {
    throw contradiction(file, `rotary scaling ${a.kind} ${factorOf(a)} against ${b.kind} ${factorOf(b)}`);
  }
}

/** llama3's factors are plain frequencies over scaled ones; without that scaling all are 1. */
function checkFactors(file: string, config: ModelConfig, factors: Float32Array | undefined): void {
  const isLlama3 = config.ropeScaling.kind === 'llama3';
  if (factors === undefined) {
    if (!isLlama3) return;
    throw contradiction(file, 'no rotary factors against rotary scaling llama3');
  }
  const plain = ropeFrequencies({ ...config, ropeScaling: { kind: 'none' } });
  const scaled = ropeFrequencies(config);
  const fits = factors.every((factor, i) => {
    const expected = isLlama3 ? plain[i] / scaled[i] : 1;
    return Math.abs(factor - expected) <= FACTOR_TOLERANCE * expected;
  });
  if (factors.length === plain.length && fits) return;
  throw new ReptraceError(
    'CONFIG_UNSUPPORTED',
    `${file}: its rotary factors (rope_freqs.weight) are not those of the model's config.`,
    "Put the model's config.json, with its rope_scaling, beside the GGUF file; other kinds are not implemented.",
  );
}

function contradiction(file: string, what: string): ReptraceError {
  return new ReptraceError(
    'CONFIG_INVALID',
    `${file} and the config.json beside it contradict each other: ${what}.`,
    'Put the config.json of the same model beside the GGUF file, or remove it.',
  );
}
