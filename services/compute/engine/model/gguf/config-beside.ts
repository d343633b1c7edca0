/**
 * A config.json beside a GGUF file: it must describe the same model. It then says what GGUF does not (rotary scaling
 * of kind llama3, which GGUF has as bare factors, unless it is the published one; Mistral's and Qwen's windows; which GELU) and what the publisher means by
 * it (context, special tokens).
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import type { ModelConfig } from '../model-config.ts';
import { ropeFrequencies } from '../rope-frequencies.ts';

/** What the metadata say, or the family. Not so: windows that they do not mention, attentionScale, activation. */
const SAME = [
  'vocabSize',
  'hiddenSize',
  'intermediateSize',
  'layers',
  'heads',
  'kvHeads',
  'headDim',
  'rotaryDim',
  'ropeTheta',
  'normEps',
  'parallel',
  'attentionSoftcap',
  'logitSoftcap',
  'attentionBias',
  'attentionOutputBias',
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
  const config =
    beside === undefined
      ? { ...own, ropeScaling: publishedScaling(own, factors) ?? own.ropeScaling }
      : { ...beside, tieEmbeddings: own.tieEmbeddings, dtype: null };
  checkFactors(file, config, factors);
  return config;
}

/**
 * llama3's scaling by its factors alone. All published models (Llama 3.1 to 3.3) have these settings and differ in the
 * largest factor; undefined where the factors are others.
 */
function publishedScaling(
  config: ModelConfig,
  factors: Float32Array | undefined,
): ModelConfig['ropeScaling'] | undefined {
  const factor = factors?.at(-1);
  if (factors === undefined || factor === undefined || config.ropeScaling.kind !== 'none') return undefined;
  if (!(factor > 1 && factor < Infinity)) return undefined;
  const llama3 = { kind: 'llama3', lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 } as const;
  const scaling = { ...llama3, factor };
  return fitFactors({ ...config, ropeScaling: scaling }, factors) ? scaling : undefined;
}

function checkSame(file: string, own: ModelConfig, beside: ModelConfig): void {
  // A Mistral's file is a Llama's unless it names a window.
  if (own.family !== beside.family && !(own.family === 'llama' && beside.family === 'mistral')) {
    throw contradiction(file, `family ${own.family} against ${beside.family}`);
  }
  for (const key of SAME) {
    const [a, b] = [Number(own[key]), Number(beside[key])];
    // GGUF stores real numbers as float32.
    if (Math.fround(a) !== Math.fround(b)) throw contradiction(file, `${key} ${a} against ${b}`);
  }
  if (own.tieEmbeddings && !beside.tieEmbeddings)
    throw contradiction(file, 'a tied head against one of its own');
  checkWindows(file, own.windows, beside.windows);
  checkScaling(file, own.ropeScaling, beside.ropeScaling);
}

/** Not every converter wrote them: where the file has none, config.json's are taken. */
function checkWindows(file: string, own: ModelConfig['windows'], beside: ModelConfig['windows']): void {
  if (own.every((window) => window === null)) return;
  const layer = own.findIndex((window, i) => window !== beside[i]);
  if (layer === -1) return;
  const text = (window: number | null | undefined): string => (window ?? 'none').toString();
  const what = `a window of ${text(own[layer])} against ${text(beside[layer])} in block ${layer}`;
  throw contradiction(file, what);
}

function checkScaling(
  file: string,
  own: ModelConfig['ropeScaling'],
  beside: ModelConfig['ropeScaling'],
): void {
  if (beside.kind === 'llama3' && own.kind === 'none') return; // then the factors are compared
  const [a, b] = [rounded(own), rounded(beside)];
  if (JSON.stringify(a) === JSON.stringify(b)) return;
  throw contradiction(file, `rotary scaling ${scalingText(own)} against ${scalingText(beside)}`);
}

/** Its numbers as GGUF stores them; what scales by 1 is no scaling. */
function rounded(scaling: ModelConfig['ropeScaling']): unknown {
  if (scaling.kind === 'none' || (scaling.factor === 1 && scaling.kind !== 'llama3')) return { kind: 'none' };
  const entries: [string, unknown][] = Object.entries(scaling);
  return entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, typeof value === 'number' ? Math.fround(value) : value]);
}

function scalingText(scaling: ModelConfig['ropeScaling']): string {
  return scaling.kind === 'none' ? 'none 1' : `${scaling.kind} ${scaling.factor}`;
}

function checkFactors(file: string, config: ModelConfig, factors: Float32Array | undefined): void {
  if (factors === undefined) {
    if (config.ropeScaling.kind !== 'llama3') return;
    throw contradiction(file, 'no rotary factors against rotary scaling llama3');
  }
  if (fitFactors(config, factors)) return;
  throw new ReptraceError(
    'CONFIG_UNSUPPORTED',
    `${file}: its rotary factors (rope_freqs.weight) are not those of the model's config.`,
    "Put the model's config.json, with its rope_scaling, beside the GGUF file; other kinds are not implemented.",
  );
}

/** llama3's factors are plain frequencies over scaled ones; without that scaling all are 1. */
function fitFactors(config: ModelConfig, factors: Float32Array): boolean {
  const plain = ropeFrequencies({ ...config, ropeScaling: { kind: 'none' } });
  const scaled = ropeFrequencies(config);
  const fits = factors.every((factor, i) => {
    const expected = config.ropeScaling.kind === 'llama3' ? plain[i] / scaled[i] : 1;
    return Math.abs(factor - expected) <= FACTOR_TOLERANCE * expected;
  });
  return factors.length === plain.length && fits;
}

function contradiction(file: string, what: string): ReptraceError {
  return new ReptraceError(
    'CONFIG_INVALID',
    `${file} and the config.json beside it contradict each other: ${what}.`,
    'Put the config.json of the same model beside the GGUF file, or remove it.',
  );
}
