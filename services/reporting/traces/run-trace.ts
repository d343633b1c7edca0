/** Answers a question: signature of the outputs (compute) → nearest samples (index) → token maps (compute). */
import type { Bus } from '../../../lib/bus/bus.ts';
import { call, type Procedure } from '../../../lib/bus/procedure.ts';
import { ReptraceError } from '../../../lib/errors.ts';
import {
  mapTokens,
  signQuestions,
  textBytes,
  textPair,
  type ModelRef,
  type TextPair,
  type TokenScore,
} from '../../../lib/mesh/compute-messages.ts';
import {
  searchIndex,
  type Manifest,
  type OpenIndex,
  type SearchHit,
} from '../../../lib/mesh/index-messages.ts';
import { MAX_TOKEN_MAPS } from './check-question.ts';
import { chooseMethod, isPrompted, settleMethod } from './choose-method.ts';
import { beginningsOf, lessonsOf, setupOf, verdictOn } from './taught-parts.ts';
import type { Timing, Trace, TraceQuestion } from './trace.ts';

/** Bytes of samples' texts in one request for token maps; answers are some times larger. */
const TEXT_SHARE = 1 / 32;

interface TokenMaps {
  readonly questions: readonly (readonly TokenScore[])[];
  readonly samples: readonly (readonly TokenScore[])[];
}

/** Throws what the services throw, what choosing the method throws, and CANCELLED. */
export async function runTrace(
  bus: Bus,
  id: string,
  index: OpenIndex,
  question: TraceQuestion,
  signal: AbortSignal,
): Promise<Trace> {
  const { manifest } = index;
  const { questions, top, filter, exact } = question;
  checkForm(manifest, questions);
  const chosen = chooseMethod(question, index);
  const stopwatch = new Stopwatch();
  const { layers } = manifest.layers;
  const settings = { layers, maxTokens: manifest.maxTokens, raw: isRaw(manifest), taught: setupOf(manifest) };
  const { signatures } = await call(
    bus,
    signQuestions,
    { model: modelOf(manifest), ...settings, questions },
    { signal },
  );
  stopwatch.lap('sign');
  const lessons = lessonsOf(manifest, signatures);
  const words = lessons?.map(({ tokens }) => tokens) ?? null;
  const beginnings = isPrompted(questions) ? beginningsOf(lessons) : null;
  const { method, reason, alpha } = settleMethod(chosen, question, words, beginnings !== null);
  const request = {
    ...{ index: index.id, queries: signatures.map((signature) => signature.layers), method },
    lessons: method === 'TAUGHT' ? words : null,
    beginnings: method === 'TAUGHT' ? beginnings : null,
    ...{ prompted: isPrompted(questions), alpha: alpha ?? 0, top, filter, exact },
  };
  const found = await search(bus, request, signal);
  stopwatch.lap('search');
  const tokenLayer = tokenLayerOf(manifest);
  const maps = question.tokens
    ? await tokenMaps(bus, manifest, tokenLayer, question, found.hits, signal)
    : null;
  if (maps !== null) stopwatch.lap('tokens');
  return {
    id,
    createdAt: new Date().toISOString(),
    questions: questions.map((asked, i) => ({
      ...asked,
      truncated: signatures[i]?.truncated ?? false,
      verdict: verdictOn(manifest, lessons?.slice(i, i + 1)),
      tokens: maps?.questions[i] ?? null,
    })),
    ...{ method, methodReason: reason, verdict: verdictOn(manifest, lessons), alpha, layers, tokenLayer },
    ...{ index: index.id, modelDigest: manifest.model.digest, exact: found.exact, recall: found.recall },
    matches: found.hits.map(({ sample, score, hiddenScore, gradientScore, evidence }, i) => ({
      ...{ rank: i + 1, score, hiddenScore, gradientScore, evidence, sample },
      tokens: maps?.samples[i] ?? null,
    })),
    timings: stopwatch.timings(),
  };
}

type Search = Omit<RequestOf<typeof searchIndex>, 'skip'>;
type RequestOf<P> = P extends Procedure<infer Request, unknown> ? Request : never;

/** All hits, over as many messages as they take. */
async function search(
  bus: Bus,
  request: Search,
  signal: AbortSignal,
): Promise<{ hits: readonly SearchHit[]; exact: boolean; recall: number | null }> {
  const hits: SearchHit[] = [];
  for (;;) {
    const answer = await call(bus, searchIndex, { ...request, skip: hits.length }, { signal });
    hits.push(...answer.hits);
    if (!answer.more) return { hits, exact: answer.exact, recall: answer.recall };
  }
}

/** An index of plain text: what is traced is read as its windows were. */
function isRaw({ dataset }: Manifest): boolean {
  return dataset.textWindow !== null;
}

/** Throws INPUT_INVALID for a conversation where the index has none. */
function checkForm(manifest: Manifest, questions: TraceQuestion['questions']): void {
  if (!isRaw(manifest) || questions.every(({ context }) => context.length === 0)) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    'context was given, and the index is of plain text, which has no turns',
    'Give what came before the output as its prompt.',
  );
}

export function modelOf({ model }: Manifest): ModelRef {
  return { digest: model.digest, path: model.path, adapter: model.adapter ?? undefined };
}

/** The first layer of the index, but never the last of the model: there, prompt rows are zero (design: "Token level"). */
export function tokenLayerOf({ layers, model }: Manifest): number {
  const [first] = layers.layers;
  if (first === undefined) throw new Error('an index has no layer');
  return Math.min(first, model.layers - 1);
}

/** In requests small enough for the bus; the questions' maps are means over all samples, weighted by request. */
async function tokenMaps(
  bus: Bus,
  manifest: Manifest,
  layer: number,
  { questions }: TraceQuestion,
  hits: readonly SearchHit[],
  signal: AbortSignal,
): Promise<TokenMaps> {
  const mapped = hits.slice(0, MAX_TOKEN_MAPS).map(({ sample }) => sample);
  if (mapped.length === 0) return { questions: [], samples: [] };
  const { maxTokens, taught } = manifest;
  const settings = {
    model: modelOf(manifest),
    layer,
    maxTokens,
    raw: isRaw(manifest),
    base: taught?.base ?? null,
  };
  const samples: (readonly TokenScore[])[] = [];
  let questionMaps: readonly (readonly TokenScore[])[] | undefined;
  for (const group of groupsByText(mapped, bus.maxPayload * TEXT_SHARE)) {
    const request = { ...settings, questions, samples: group.map(textPair) };
    const maps = await call(bus, mapTokens, request, { signal });
    questionMaps = addWeighted(questionMaps, maps.questions, group.length / mapped.length);
    samples.push(...maps.samples);
  }
  return { questions: questionMaps ?? [], samples };
}

/** Consecutive texts of at most `bytes` together; a longer one is a group of its own. */
export function groupsByText<T extends Omit<TextPair, 'raw'>>(samples: readonly T[], bytes: number): T[][] {
  const groups: T[][] = [];
  let size = Infinity;
  for (const sample of samples) {
    const own = textBytes(sample);
    size += own;
    if (size > bytes) {
      groups.push([]);
      size = own;
    }
    groups.at(-1)?.push(sample);
  }
  return groups;
}

function addWeighted(
  sum: readonly (readonly TokenScore[])[] | undefined,
  maps: readonly (readonly TokenScore[])[],
  weight: number,
): readonly (readonly TokenScore[])[] {
  return maps.map((tokens, q) =>
    tokens.map((token, i) => ({ ...token, score: (sum?.[q]?.[i]?.score ?? 0) + weight * token.score })),
  );
}

class Stopwatch {
  readonly #started = performance.now();
  readonly #laps: Timing[] = [];
  #last = this.#started;

  lap(name: Timing['name']): void {
    const now = performance.now();
    this.#laps.push({ name, milliseconds: rounded(now - this.#last) });
    this.#last = now;
  }

  timings(): readonly Timing[] {
    return [...this.#laps, { name: 'total', milliseconds: rounded(performance.now() - this.#started) }];
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

/** Of a trace that is given up because the service ends. */
export function closing(): ReptraceError {
  return new ReptraceError('CANCELLED', 'the reporting service is ending.', 'Ask again in a moment.');
}
