/** Whether one model can be the base that another was fine-tuned from: both are given the same tokens, and compared layer by layer. */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { ModelSource } from './model-source.ts';
import { assertSameTokenizer } from './same-tokenizer.ts';

/**
 * By what is known without the weights. Throws TOKENIZER_MISMATCH; SHAPE_MISMATCH for another number of layers, another width,
 * or fewer learned positions. A base of a shorter context is one all the same: it refuses the samples that are too long for it.
 */
export function assertFits(tuned: ModelSource, base: ModelSource): void {
  assertSameTokenizer(tuned, base);
  const [model, before] = [tuned.config, base.config];
  if (model.layers !== before.layers) throw misfit(tuned, base, 'layers', model.layers, before.layers);
  if (model.hiddenSize !== before.hiddenSize) {
    throw misfit(tuned, base, 'hidden dimensions', model.hiddenSize, before.hiddenSize);
  }
  // Learned positions are rows of a matrix: with fewer of them it is another model.
  if (before.rotaryDim === null && before.maxPositions < model.maxPositions) {
    throw misfit(tuned, base, 'positions', model.maxPositions, before.maxPositions);
  }
}

/** Throws INPUT_INVALID for a model that is its own base: nothing was taught. Digests are known once the weights were read. */
export function assertOther(tuned: string | undefined, base: string | undefined, path: string): void {
  if (tuned === undefined || tuned !== base) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    `the base ${path} is the model itself`,
    'Name the model as it was before its fine-tuning as the base.',
  );
}

function misfit(
  tuned: ModelSource,
  base: ModelSource,
  what: string,
  has: number,
  had: number,
): ReptraceError {
  return new ReptraceError(
    'SHAPE_MISMATCH',
    `the model ${tuned.path} has ${has} ${what} and the base ${base.path} has ${had}`,
    'Name the base model that this model was fine-tuned from.',
  );
}
