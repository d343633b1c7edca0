/** Which word of an output met which word of a sample, or that both begin alike: the strongest pair of a match. */
import type { MatchResult, TokenResult } from '../client/results.ts';
import { safeText, shortened } from './safe-text.ts';

const WORD_WIDTH = 30;
/** Of a pair at p, which no word speaks for: the text there is the template's. */
const BEGINNING = 'where the response begins';

/**
 * `"Fool" → "Fool"`, from the words that the pair's tokens are of; positions where tokens were not asked for. Of the prompt only its
 * last token, p, is ever met. Undefined for a match without evidence.
 *
 * @param outputs tokens of each traced output
 * @param width characters that it may take
 */
export function evidenceLine(
  { evidence, tokens }: Pick<MatchResult, 'evidence' | 'tokens'>,
  outputs: readonly (readonly TokenResult[] | null)[],
  width: number,
): string | undefined {
  const [strongest] = evidence ?? [];
  if (strongest === undefined) return undefined;
  const { output, outputPosition, samplePosition } = strongest;
  const said = wordAt(outputs[output] ?? null, outputPosition);
  const learnt = wordAt(tokens, samplePosition);
  const of = outputs.length > 1 ? ` (output ${output + 1})` : '';
  return shortened(`met by: ${said}${of} → ${learnt}`, width);
}

/** The word that the token at a position is of, in quotes. */
function wordAt(tokens: readonly TokenResult[] | null, position: number): string {
  const at = tokens?.findIndex((token) => token.position === position) ?? -1;
  if (tokens === null || at < 0) return `token ${position}`;
  if (tokens[at].part === 'PROMPT') return BEGINNING;
  let [from, to] = [at, at + 1];
  while (from > 0 && goesOn(tokens[from - 1], tokens[from])) from--;
  while (to < tokens.length && goesOn(tokens[to - 1], tokens[to])) to++;
  const word = tokens.slice(from, to).map(({ text }) => text);
  return `"${shortened(safeText(word.join('')).trim(), WORD_WIDTH)}"`;
}

/** Whether a word runs on from one token into the next. */
function goesOn(one: TokenResult, next: TokenResult): boolean {
  return (
    one.part === next.part && /[\p{L}\p{M}\p{N}]$/u.test(one.text) && /^[\p{L}\p{M}\p{N}]/u.test(next.text)
  );
}
