/** Which batches go through the model together: one by one where all weights are there, else as many as the memory takes. */
import type { Model } from '../model/model.ts';
import { countMemory, largestFitting, MAX_GROUP } from './memory-plan.ts';
import { checkSample, type Sample } from './sample.ts';
import type { SignatureOptions } from './signature.ts';

/**
 * Groups of consecutive batches, none of them empty. Batches stay as they are, so that their results do too; only one that
 * is too large for the memory by itself is halved. Throws INPUT_INVALID or PROMPT_TOO_LONG for a sample that cannot be
 * counted.
 */
export async function* groupBatches<T extends Sample>(
  model: Pick<Model, 'config' | 'budget'>,
  batches: readonly (readonly T[])[],
  options: SignatureOptions,
): AsyncGenerator<(readonly T[])[]> {
  const { config, budget } = model;
  if (budget === undefined) {
    for (const batch of batches) yield [batch];
    return;
  }
  const { bytes, streaming } = budget;
  for (const sample of batches.flat()) checkSample(sample, config);
  const need = (group: readonly (readonly T[])[]): Promise<number> =>
    countMemory({ ...budget, config }, group, options);
  const left = [...batches];
  for (let batch = left[0]; batch !== undefined; batch = left[0]) {
    if (batch.length > 1 && (await need([batch])) > bytes) {
      const middle = Math.ceil(batch.length / 2);
      left.splice(0, 1, batch.slice(0, middle), batch.slice(middle));
      continue;
    }
    const most = streaming === undefined ? 1 : Math.min(MAX_GROUP, left.length);
    yield left.splice(0, await largestFitting(most, bytes, (count) => need(left.slice(0, count))));
  }
}
