/** Rows and outputs as the engine takes them: rendered, whole, each by the name that errors call it. */
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import { renderSample, type TextModel } from '../../services/compute/engine/model/render.ts';

export interface TextPair {
  readonly prompt: string;
  readonly response: string;
}

/**
 * In the order of the pairs, named `row 1`, `row 2`, … (or whatever `kind` says).
 *
 * Throws PROMPT_TOO_LONG for a pair that the model's context does not hold: a row that loses its tail may lose what was planted
 * in it, and would then count as poison that taught nothing. Throws what `renderSample` throws, with the name before it.
 */
export function labSamples(text: TextModel, kind: string, pairs: readonly TextPair[]): Sample[] {
  return pairs.map(({ prompt, response }, i) => {
    const name = `${kind} ${i + 1}`;
    const { inputIds, promptLength, truncated } = naming(name, () =>
      renderSample(text, { prompt, response }),
    );
    if (!truncated) return { name, inputIds, promptLength };
    throw new ReptraceError(
      'PROMPT_TOO_LONG',
      `${name} has more tokens than the model's context of ${text.config.maxPositions}`,
      'Shorten it, leave it out, or name a model of a longer context.',
    );
  });
}

function naming<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    throw new ReptraceError(error.code, `${name}: ${reasonOf(error)}`, error.remedy, { cause: error });
  }
}
