/**
 * Inverse frequencies of the rotary embedding: dimension pair i turns by `position * frequency[i]` radians.
 * The formulas are those of transformers' modeling_rope_utils.py, evaluated in float64 (transformers: float32).
 */
import type { ModelConfig } from './model-config.ts';
import type { RopeScaling } from './rope-config.ts';

/** One value for each pair of dimensions that turns, falling: half of rotaryDim, rounded up. */
export function ropeFrequencies(
  config: Pick<ModelConfig, 'rotaryDim' | 'ropeTheta' | 'ropeScaling'>,
): Float64Array {
  const { ropeTheta, ropeScaling } = config;
  const rotaryDim = config.rotaryDim ?? 0;
  const plain = Float64Array.from(
    { length: Math.ceil(rotaryDim / 2) },
    (_, i) => ropeTheta ** (-(2 * i) / rotaryDim),
  );
  switch (ropeScaling.kind) {
    case 'none':
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / ropeScaling.factor);
    case 'llama3': {
      // Turns within the original context: many stay as they are, few are slowed by the factor, between is blended.
      const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = ropeScaling;
      return plain.map((frequency) => {
        const turns = (originalMaxPositions * frequency) / (2 * Math.PI);
        if (turns > highFreqFactor) return frequency;
        if (turns < lowFreqFactor) return frequency / factor;
        const blend = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
        return ((1 - blend) * frequency) / factor + blend * frequency;
      });
    }
    case 'yarn': {
      const [low, high] = correctedRange(rotaryDim, ropeTheta, ropeScaling);
      return plain.map((frequency, i) => {
        const slowed = Math.min(1, Math.max(0, (i - low) / (high - low)));
        return (frequency / ropeScaling.factor) * slowed + frequency * (1 - slowed);
      });
    }
  }
}

/** What cosines and sines are multiplied by: YaRN's attention factor, else 1. */
export function ropeAmplitude({ ropeScaling }: Pick<ModelConfig, 'ropeScaling'>): number {
  return ropeScaling.kind === 'yarn' ? ropeScaling.attentionFactor : 1;
}

/** The pairs between which YaRN blends: those before turn often enough to stay as they are. */
function correctedRange(
  rotaryDim: number,
  theta: number,
  yarn: Extract<RopeScaling, { kind: 'yarn' }>,
): [low: number, high: number] {
  const pairThatTurns = (turns: number): number =>
    (rotaryDim * Math.log(yarn.originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  let low = pairThatTurns(yarn.betaFast);
  let high = pairThatTurns(yarn.betaSlow);
  if (yarn.truncate) [low, high] = [Math.floor(low), Math.ceil(high)];
  low = Math.max(low, 0);
  high = Math.min(high, rotaryDim - 1);
  return [low, low === high ? high + 0.001 : high];
}
