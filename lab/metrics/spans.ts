/** Whether the tokens that are pointed at are those of the planted text. */
import type { Span } from '../sets/set.ts';
import { averagePrecision } from './average-precision.ts';
import { ranking } from './rank.ts';

/**
 * Which tokens share a character with the span.
 * @param tokens characters [start, end) of each, in the text that the span is of
 */
export function tokensInSpan(tokens: readonly Span[], [start, end]: Span): boolean[] {
  return tokens.map(([from, to]) => from < end && to > start);
}

/**
 * Average precision of the tokens by score, those of the span being to find; ties at random by the seed. null where no token is
 * of the span or all are: there is nothing to point at then.
 */
export function spanPrecision(
  scores: readonly number[],
  inSpan: readonly boolean[],
  seed: number,
): number | null {
  const wanted = new Set(inSpan.flatMap((isIn, token) => (isIn ? [token] : [])));
  if (wanted.size === 0 || wanted.size === inSpan.length) return null;
  return averagePrecision(ranking(scores, seed), wanted);
}
