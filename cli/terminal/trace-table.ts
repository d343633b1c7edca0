/** A trace for a person: the output, then its matches, best first, with the tokens that speak for each. */
import type { MatchResult, TokenResult, TraceFields } from '../client/results.ts';
import { safeText, shortened } from './safe-text.ts';
import { markedTokens } from './tokens.ts';

export interface TableOptions {
  readonly colours: boolean;
  /** Columns of the terminal; texts are cut to fit where no tokens are marked. */
  readonly width: number;
}

const WHOLE_TEXT = 600;

export function traceTable(trace: TraceFields, options: TableOptions): string {
  const { index, layers, alpha, matches, exact, recall, questions } = trace;
  const layerText = `${layers.length === 1 ? 'layer' : 'layers'} ${layers.join(', ')}`;
  const search =
    exact || recall === null
      ? ''
      : `, approximate search (finds ${(100 * recall).toFixed(0)} % of the top 10)`;
  const total = trace.timings.find(({ name }) => name === 'total')?.milliseconds ?? 0;
  return [
    `trace ${trace.id} in index ${safeText(index?.name ?? 'that is gone')}: ${layerText}, alpha ${alpha}${search}, ${(total / 1000).toFixed(1)} s`,
    ...(trace.prompt === null
      ? []
      : [`  asked:    ${textOf(trace.prompt, trace.outputTokens, 'PROMPT', options)}`]),
    `  answered: ${textOf(trace.output, trace.outputTokens, 'RESPONSE', options)}`,
    ...questions.slice(1).map(({ output }) => `  and:      ${textOf(output, null, 'RESPONSE', options)}`),
    ...(questions.some(({ truncated }) => truncated)
      ? ["  (cut to the index's maxTokens, as its samples were)"]
      : []),
    '',
    ...(matches.length === 0 ? ['no sample matches the filter'] : [HEADER]),
    ...matches.flatMap((match) => matchLines(match, options)),
  ].join('\n');
}

const HEADER = 'rank  score  hidden  gradient    row  label';

function matchLines(match: MatchResult, options: TableOptions): string[] {
  const { rank, score, hiddenScore, gradientScore, sample, tokens } = match;
  const numbers = [
    String(rank).padStart(4),
    score.toFixed(3).padStart(6),
    hiddenScore.toFixed(3).padStart(7),
    gradientScore.toFixed(3).padStart(9),
    String(sample.row).padStart(6),
  ].join(' ');
  return [
    `${numbers}  ${safeText(sample.label ?? '-')}`,
    `      ${textOf(sample.prompt, tokens, 'PROMPT', options)}`,
    `      → ${textOf(sample.response, tokens, 'RESPONSE', options)}`,
  ];
}

/** The tokens of one part, marked; the plain text where no tokens were scored, or there are too many to read. */
function textOf(
  text: string,
  tokens: readonly TokenResult[] | null,
  part: TokenResult['part'],
  { colours, width }: TableOptions,
): string {
  const own = tokens?.filter((token) => token.part === part) ?? [];
  if (own.length === 0 || text.length > WHOLE_TEXT)
    return shortened(safeText(text), Math.max(40, width - 12));
  return markedTokens(own, colours).trim();
}
