import { expect, it } from 'vitest';
import { modelTensors } from '../../services/compute/engine/model/model-tensors.ts';
import { pooled } from './pooled-weights.ts';
import { smollm2Shape } from './shapes.ts';

it('fills matrices with numbers of the asked deviation, other ones each time, and norms with ones', async () => {
  const config = smollm2Shape({ num_hidden_layers: 1 });
  const weights = pooled(config);
  const tensors = await Promise.all(
    modelTensors(config).map(async (spec) => ({ spec, values: await weights(spec) })),
  );
  const matrices = tensors.filter(({ spec }) => spec.shape.length === 2);
  for (const { spec, values } of matrices) {
    expect(values.length).toBe(spec.shape[0] * spec.shape[1]);
    const squares = values.reduce((sum, value) => sum + value * value, 0);
    expect(Math.sqrt(squares / values.length)).toBeCloseTo(config.initializerRange, 3);
    // Rows of what is longer than the pool do not repeat either.
    expect(values.slice(0, 4)).not.toEqual(values.slice(-spec.shape[1]).slice(0, 4));
  }
  expect(new Set(matrices.map(({ values }) => values[0])).size).toBe(matrices.length);
  const norms = tensors.filter(({ spec }) => spec.shape.length === 1);
  for (const { values } of norms) expect(values.every((value) => value === 1)).toBe(true);
});
