/** Whether the tokens that were taught the most are those of the planted text. Pure. */
import type { TokenResult } from '../../cli/client/results.ts';

const MOST = 3;

/**
 * Whether a token of the span is among the three most taught of the response.
 *
 * @param output what was traced; the response's tokens hold it, and may hold more around it
 * @param span its characters [start, end)
 */
export function inTopThree(
  tokens: readonly TokenResult[],
  output: string,
  [start, end]: readonly [number, number],
): boolean {
  const response = tokens.filter(({ part }) => part === 'RESPONSE');
  const text = response.map((token) => token.text).join('');
  const at = text.indexOf(output);
  if (at < 0) throw new Error(`the tokens of ${JSON.stringify(output)} read ${JSON.stringify(text)}`);
  let length = -at;
  const placed = response.map((token) => {
    const from = length;
    length += token.text.length;
    return { taught: token.taught ?? -Infinity, inSpan: from < end && length > start };
  });
  const best = placed.toSorted((a, b) => b.taught - a.taught).slice(0, MOST);
  return best.some(({ inSpan }) => inSpan);
}
