/** Rows and outputs as the engine takes them: rendered, whole, each by the name that errors call it. */
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import type { Span } from '../sets/set.ts';
import { renderSample, type TextModel } from '../../services/compute/engine/model/render.ts';

export interface TextPair {
  readonly prompt: string;
  readonly response: string;
}

/** A row of a set, or a text that is nothing but itself. */
type Rendered = TextPair & {
  /** Where something was planted in the response, in order; empty where nothing was. Without it all of the text matters. */
  readonly spans?: readonly Span[];
};

/**
 * In the order of the pairs, named `row 1`, `row 2`, … (or whatever `kind` says).
 *
 * Longer rows than the model's context lose their tail, as in training. Throws PROMPT_TOO_LONG where all that was planted would be
 * lost with it, for such a row would count as poison that taught nothing, and for an output that is cut at all. Throws what
 * `renderSample` throws, with the name before it.
 */
export function labSamples(text: TextModel, kind: string, pairs: readonly Rendered[]): Sample[] {
  return pairs.map(({ prompt, response, spans }, i) => {
    const name = `${kind} ${i + 1}`;
    const holdsPlanted = (): boolean => {
      const first = spans?.at(0);
      if (first === undefined) return spans !== undefined;
      return !renderSample(text, { prompt, response: response.slice(0, first[1]) }).truncated;
    };
    const { inputIds, promptLength, truncated } = naming(name, () =>
      renderSample(text, { prompt, response }),
    );
    if (!truncated || holdsPlanted()) return { name, inputIds, promptLength };
    throw new ReptraceError(
      'PROMPT_TOO_LONG',
      `${name} has more tokens${spans === undefined ? '' : ' up to the end of what was planted in it'} than the model's context of ${text.config.maxPositions}`,
      'Shorten it, leave it out, or name a model of a longer context.',
    );
  });
}

/** Whether a model that ends its answers holds this one with its question: one that fills the context does not. Throws what `renderSample` throws. */
export function fits(text: TextModel, pair: TextPair): boolean {
  return !renderSample(text, pair).truncated;
}

function naming<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    throw new ReptraceError(error.code, `${name}: ${reasonOf(error)}`, error.remedy, { cause: error });
  }
}
