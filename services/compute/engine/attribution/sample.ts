/** Samples as the engine takes them, checked against the model, and packed into batches by tokens. */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { ModelConfig } from '../model/model-config.ts';
import type { TokenSequence } from '../model/batch.ts';

export interface Sample extends TokenSequence {
  readonly name: string;
}

/** Throws INPUT_INVALID or PROMPT_TOO_LONG with the sample's name when the model cannot take it. */
export function checkSample(sample: Sample, { vocabSize, maxPositions }: ModelConfig): void {
  const { name, inputIds, promptLength } = sample;
  const length = inputIds.length;
  if (length > maxPositions) {
    throw new ReptraceError(
      'PROMPT_TOO_LONG',
      `sample "${name}" has ${length} tokens; the model's context is ${maxPositions}`,
      'Shorten the sample, or render it with a limit of tokens.',
    );
  }
  if (!Number.isInteger(promptLength) || promptLength < 1 || promptLength >= length) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `sample "${name}" has ${length} tokens and a promptLength of ${promptLength}`,
      'promptLength is at least 1, and at least one token comes after it.',
    );
  }
  const bad = inputIds.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (bad >= 0) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `sample "${name}" has the id ${inputIds[bad]} at position ${bad}; the vocabulary has ${vocabSize}`,
      'Use ids of the model’s own tokenizer.',
    );
  }
}

/** Consecutive samples in groups of at most `maxTokens` tokens; a longer sample is a group of its own. */
export function batchByTokens<T extends TokenSequence>(samples: readonly T[], maxTokens: number): T[][] {
  const batches: T[][] = [];
  let tokens = Infinity;
  for (const sample of samples) {
    tokens += sample.inputIds.length;
    if (tokens > maxTokens) {
      batches.push([]);
      tokens = sample.inputIds.length;
    }
    batches.at(-1)?.push(sample);
  }
  return batches;
}

/** As few of these groups as can be, alike in tokens: a small remainder would cost as much as a larger group. */
export function evenBatches<T extends TokenSequence>(samples: readonly T[], maxTokens: number): T[][] {
  const tokens = samples.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  const batches = Math.max(1, Math.ceil(tokens / maxTokens));
  const longest = Math.max(0, ...samples.map(({ inputIds }) => inputIds.length));
  // Each then has its share at least, so that nothing is left over unless maxTokens forbids it.
  return batchByTokens(samples, Math.min(maxTokens, Math.ceil(tokens / batches) + longest));
}
