/**
 * Inverse frequencies of the rotary embedding: dimension pair i turns by `position * frequency[i]` radians.
 * The formulas are those of transformers' modeling_rope_utils.py, evaluated in float64 (transformers: float32).
 */
import type { ModelConfig } from './model-config.ts';

/** headDim / 2 values, falling. */
export function ropeFrequencies(
  config: Pick<ModelConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>,
): Float64Array {
  const { headDim, ropeTheta, ropeScaling } = config;
  const plain = Float64Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** (-(2 * i) / headDim));
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
  }
}
