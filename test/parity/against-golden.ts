/** A model beside PyTorch's values of it: losses, logits, and hidden states and gradients at every layer and position. */
import { expect } from 'vitest';
import { allLogits } from '../../services/compute/engine/attribution/logits.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { expectClose } from '../closeness.ts';
import { rowsOf, type Golden, type GoldenCase } from './golden.ts';

/** Losses absolute, the others by both measures of closeness.ts. */
export const LIMITS = { loss: 1e-5, nll: 2e-5, hidden: 2e-5, gradient: 2e-4, logits: 2e-5 };

/** Fails unless all cases, in one packed batch, are within the limits. Gives the worst of each. */
export async function expectGolden(
  model: Model,
  golden: Golden,
  cases: readonly GoldenCase[],
  limits: typeof LIMITS = LIMITS,
): Promise<Record<keyof typeof LIMITS, number>> {
  const layers = Array.from({ length: model.config.layers + 1 }, (_, layer) => layer);
  const samples = cases.map((one) => {
    return { name: one.name, inputIds: one.input_ids, promptLength: one.prompt_length };
  });
  const options = { layers, tokenGradients: true, allPositions: true };
  const worst = { loss: 0, nll: 0, hidden: 0, gradient: 0, logits: 0 };
  for (const [i, result] of (await signaturesOfBatch(model, samples, options)).entries()) {
    if ('error' in result) throw result.error;
    const at = `case ${result.sample.name}`;
    const check = (
      what: keyof typeof LIMITS,
      layer: string,
      actual: ArrayLike<number>,
      expected: ArrayLike<number>,
    ): void => {
      const error = expectClose(`${at}${layer}: ${what}`, actual, expected, limits[what]);
      worst[what] = Math.max(worst[what], error);
    };
    const values = (name: string): Float32Array => golden.tensor(`${result.sample.name}/${name}`).values;
    const loss = Math.abs(result.loss - (cases[i]?.loss ?? NaN));
    expect(loss, `${at}: loss`).toBeLessThanOrEqual(limits.loss);
    worst.loss = Math.max(worst.loss, loss);
    check('nll', '', result.nll, values('nll'));
    expect(result.layers.size).toBe(layers.length);
    for (const [layer, part] of result.layers) {
      const hidden = rowsOf(golden.tensor(`${result.sample.name}/hidden`), layer);
      const gradient = rowsOf(golden.tensor(`${result.sample.name}/gradient`), layer);
      check('hidden', `, layer ${layer}`, part.hiddenAll ?? [], hidden);
      check('gradient', `, layer ${layer}`, part.tokenGradients ?? [], gradient);
    }
    check('logits', '', await allLogits(model, result.sample), values('logits'));
  }
  return worst;
}
