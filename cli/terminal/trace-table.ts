/** A trace for a person: the verdict, the output, then its matches, best first, with the tokens that speak for each. */
import type { MatchResult, TokenResult, TraceFields, TurnResult } from '../client/results.ts';
import { evidenceLine } from './evidence-line.ts';
import { safeText, shortened } from './safe-text.ts';
import { legend, markedTokens } from './tokens.ts';
import { verdictLines } from './verdict-lines.ts';
import { wrapped } from './wrapped.ts';

export interface TableOptions {
  readonly colours: boolean;
  /** Columns of the terminal; texts are cut to fit where no tokens are marked. */
  readonly width: number;
}

/** Columns that are written to, however narrow a terminal says it is. */
const NARROWEST = 40;
const WHOLE_TEXT = 600;
/** Of what came before a prompt: the last so many turns are shown. */
const SHOWN_TURNS = 4;

export function traceTable(trace: TraceFields, given: TableOptions): string {
  const options = { ...given, width: Math.max(NARROWEST, given.width) };
  const { width } = options;
  const { matches, questions } = trace;
  const outputs = questions.map(({ tokens }) => tokens);
  const isPrompted = questions.every(({ prompt }) => prompt !== null);
  const marks = legend(
    [...outputs, ...matches.map(({ tokens }) => tokens)].flatMap((of) => of ?? []),
    options.colours,
  );
  return [
    ...verdictLines(trace, width),
    ...wrapped(headerText(trace), width, '  '),
    ...(trace.prompt === null
      ? []
      : promptLines(trace.prompt, trace.context, trace.outputTokens, options).map(
          (line, i, { length }) => `  ${i === length - 1 ? 'asked:   ' : '         '} ${line}`,
        )),
    `  answered: ${textOf(trace.output, trace.outputTokens, 'RESPONSE', options)}`,
    ...questions
      .slice(1)
      .map(({ output, tokens }) => `  and:      ${textOf(output, tokens, 'RESPONSE', options)}`),
    ...(questions.some(({ truncated }) => truncated)
      ? ["  (cut to the index's maxTokens, as its samples were)"]
      : []),
    ...(marks === undefined ? [] : wrapped(marks, width - 2).map((line) => `  ${line}`)),
    '',
    ...(matches.length === 0 ? ['no sample matches the filter'] : [HEADER]),
    ...matches.flatMap((match) => matchLines(match, { outputs, isPrompted }, options)),
  ].join('\n');
}

/** Which trace it is, and how it was made. */
function headerText(trace: TraceFields): string {
  const { id, index, layers, method, methodReason, alpha, exact, recall, timings } = trace;
  const sought = method === 'TAUGHT' ? 50 : 10;
  const total = timings.find(({ name }) => name === 'total')?.milliseconds ?? 0;
  const parts = [
    `${layers.length === 1 ? 'layer' : 'layers'} ${layers.join(', ')}`,
    `method ${method}${alpha === null ? '' : `, alpha ${alpha}`} (${safeText(methodReason)})`,
  ];
  if (!exact && recall !== null)
    parts.push(`approximate search (finds ${(100 * recall).toFixed(0)} % of the top ${sought})`);
  parts.push(`${(total / 1000).toFixed(1)} s`);
  return `trace ${id} in index ${safeText(index?.name ?? 'that is gone')}: ${parts.join(', ')}`;
}

const HEADER = 'rank  score  hidden  gradient    row  label';

interface Asked {
  /** Tokens of each output. */
  readonly outputs: readonly (readonly TokenResult[] | null)[];
  /** Without a prompt there is no hidden state to compare by. */
  readonly isPrompted: boolean;
}

function matchLines(match: MatchResult, { outputs, isPrompted }: Asked, options: TableOptions): string[] {
  const { rank, score, hiddenScore, gradientScore, sample, tokens } = match;
  const numbers = [
    String(rank).padStart(4),
    score.toFixed(3).padStart(6),
    (isPrompted ? hiddenScore.toFixed(3) : '-').padStart(7),
    gradientScore.toFixed(3).padStart(9),
    String(sample.row).padStart(6),
  ].join(' ');
  const { line, part, context } = sample;
  const place = part === null ? '' : `  (line ${line}, part ${part})`;
  const met = evidenceLine(match, outputs, options.width - 6);
  return [
    `${numbers}  ${safeText(sample.label ?? '-')}${place}`,
    ...promptLines(sample.prompt, context, tokens, options).map((text) => `      ${text}`),
    `      → ${textOf(sample.response, tokens, 'RESPONSE', options)}`,
    ...(met === undefined ? [] : [`      ${met}`]),
  ];
}

/** A prompt after what came before it: as their marked tokens, which are of both, or turn by turn where those are too many. */
function promptLines(
  prompt: string,
  context: readonly TurnResult[],
  tokens: readonly TokenResult[] | null,
  options: TableOptions,
): string[] {
  const length = context.reduce((sum, { content }) => sum + content.length, prompt.length);
  if (tokens !== null && length <= WHOLE_TEXT) return [textOf(prompt, tokens, 'PROMPT', options)];
  return [...contextLines(context, options), textOf(prompt, null, 'PROMPT', options)];
}

/** The last turns before a prompt, one a line. */
function contextLines(context: readonly TurnResult[], { width }: TableOptions): string[] {
  const left = context.length - SHOWN_TURNS;
  const shown = context
    .slice(-SHOWN_TURNS)
    .map(({ role, content }) => shortened(`${role}: ${safeText(content)}`, width - 12));
  return left > 0 ? [`… ${left} more ${left === 1 ? 'turn' : 'turns'}`, ...shown] : shown;
}

/** The tokens of one part, marked; the plain text where no tokens were scored, or there are too many to read. */
function textOf(
  text: string,
  tokens: readonly TokenResult[] | null,
  part: TokenResult['part'],
  { colours, width }: TableOptions,
): string {
  const own = tokens?.filter((token) => token.part === part) ?? [];
  if (own.length === 0 || text.length > WHOLE_TEXT) return shortened(safeText(text), width - 12);
  return markedTokens(own, colours).trim();
}
