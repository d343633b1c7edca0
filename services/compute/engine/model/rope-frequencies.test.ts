import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseModelConfig } from './model-config.ts';
import { ropeAmplitude, ropeFrequencies } from './rope-frequencies.ts';

/** Line by line what transformers' _compute_llama3_parameters does, by wavelengths. */
function llama3(
  theta: number,
  dim: number,
  factor: number,
  low: number,
  high: number,
  context: number,
): number[] {
  return Array.from({ length: dim / 2 }, (_, i) => {
    const frequency = 1 / theta ** ((2 * i) / dim);
    const wavelength = (2 * Math.PI) / frequency;
    const scaled = wavelength > context / low ? frequency / factor : frequency;
    const smooth = (context / wavelength - low) / (high - low);
    const smoothed = ((1 - smooth) * scaled) / factor + smooth * scaled;
    const isMedium = !(wavelength < context / high) && !(wavelength > context / low);
    return isMedium ? smoothed : scaled;
  });
}

describe('ropeFrequencies', () => {
  it('are theta ^ (-2i / rotaryDim)', () => {
    const plain = ropeFrequencies({ rotaryDim: 8, ropeTheta: 10000, ropeScaling: { kind: 'none' } });
    [1, 0.1, 0.01, 0.001].forEach((expected, i) => {
      expect(plain[i]).toBeCloseTo(expected, 14);
    });
  });

  it('are divided by the factor of linear scaling', () => {
    const linear = ropeFrequencies({
      rotaryDim: 4,
      ropeTheta: 100,
      ropeScaling: { kind: 'linear', factor: 4 },
    });
    expect([...linear]).toEqual([0.25, 0.025]);
  });

  it('follow the three bands of llama3', () => {
    const ropeScaling = {
      kind: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositions: 8192,
    } as const;
    const shape = { rotaryDim: 128, ropeTheta: 500000 };
    const scaled = ropeFrequencies({ ...shape, ropeScaling });
    const plain = ropeFrequencies({ ...shape, ropeScaling: { kind: 'none' } });
    const expected = llama3(500000, 128, 8, 1, 4, 8192);
    const bands = { kept: 0, blended: 0, slowed: 0 };
    scaled.forEach((frequency, i) => {
      expect(Math.abs(frequency / expected[i] - 1)).toBeLessThan(1e-13);
      const ratio = plain[i] / frequency;
      if (ratio === 1) bands.kept++;
      else if (Math.abs(ratio - 8) < 1e-9) bands.slowed++;
      else {
        expect(ratio).toBeGreaterThan(1);
        expect(ratio).toBeLessThan(8);
        bands.blended++;
      }
      if (i > 0) expect(frequency).toBeLessThan(scaled[i - 1]);
    });
    // Llama 3.1: wavelengths below 2048 stay, above 8192 are slowed.
    expect(bands).toEqual({ kept: 29, blended: 6, slowed: 29 });
  });

  it('are those of transformers for every scaling, read from its config (test/python/rope_reference.py)', () => {
    const file = new URL('../../../../test/fixtures/rope.json', import.meta.url);
    const { config, cases } = JSON.parse(readFileSync(file, 'utf8')) as Fixture;
    expect(cases.length).toBe(6);
    for (const { rope_parameters, frequencies, attention_factor } of cases) {
      const shape = { model_type: 'llama', num_hidden_layers: 1, intermediate_size: 4, vocab_size: 4 };
      const parsed = parseModelConfig({ ...config, ...shape, rope_parameters });
      const at = JSON.stringify(rope_parameters);
      const own = ropeFrequencies(parsed);
      expect(own.length).toBe(frequencies.length);
      for (const [i, frequency] of frequencies.entries()) {
        // transformers computes them in float32, blends included.
        expect(Math.abs(own[i] / frequency - 1), `${at}, pair ${i}`).toBeLessThan(2e-6);
      }
      expect(ropeAmplitude(parsed), at).toBeCloseTo(attention_factor, 12);
    }
  });
});

interface Fixture {
  readonly config: object;
  readonly cases: readonly {
    readonly rope_parameters: object;
    readonly frequencies: readonly number[];
    readonly attention_factor: number;
  }[];
}
