/** From what a client asked to a question that can be worked on, or a named refusal. Pure. */
import { ReptraceError } from '../../../lib/errors.ts';
import type { ChatTurn, Question } from '../../../lib/mesh/compute-messages.ts';
import type { SearchMethod } from '../../../lib/mesh/index-messages.ts';
import type { SampleFilter } from '../../index/stores/signature-store.ts';
import { isPrompted } from './choose-method.ts';
import type { TraceQuestion } from './trace.ts';

export const MAX_OUTPUTS = 32;
export const MAX_TOP = 1000;
export const MAX_TURNS = 256;
/** Matches whose tokens are scored at most: each costs a forward and a backward. */
export const MAX_TOKEN_MAPS = 100;

type Given<T> = T | null | undefined;

/** The arguments of Query.traceBehavior. */
export interface AskedQuestion {
  readonly output: string;
  readonly prompt?: Given<string>;
  readonly context?: Given<readonly ChatTurn[]>;
  readonly index?: Given<string>;
  readonly top?: Given<number>;
  readonly method?: Given<SearchMethod>;
  readonly alpha?: Given<number>;
  readonly tokens?: Given<boolean>;
  readonly filter?: Given<AskedFilter>;
  readonly exact?: Given<boolean>;
  readonly outputs?: Given<readonly string[]>;
  readonly prompts?: Given<readonly string[]>;
}

interface AskedFilter {
  readonly label?: Given<string>;
  readonly labels?: Given<readonly string[]>;
  readonly withoutLabels?: Given<readonly string[]>;
  readonly metadata?: Given<readonly { readonly key: string; readonly values: readonly string[] }[]>;
  readonly rows?: Given<readonly number[]>;
}

/** Throws INPUT_INVALID, naming the argument. */
export function checkQuestion(asked: AskedQuestion): TraceQuestion {
  const questions = checkOutputs(asked);
  const top = asked.top ?? 10;
  if (!Number.isInteger(top) || top < 1 || top > MAX_TOP) {
    throw invalid(`top is ${top}`, `Ask for 1 to ${MAX_TOP} matches.`);
  }
  return {
    index: asked.index ?? null,
    questions,
    method: checkMethod(asked, questions),
    alpha: checkAlpha(asked.alpha, questions),
    top,
    tokens: asked.tokens ?? true,
    filter: checkFilter(asked.filter),
    exact: asked.exact ?? false,
  };
}

function checkOutputs(asked: AskedQuestion): readonly Question[] {
  const { output, outputs, prompts } = asked;
  const { context, prompt } = checkContext(asked);
  const more = outputs ?? [];
  if (prompts !== null && prompts !== undefined && prompts.length !== more.length) {
    throw invalid(
      `there are ${more.length} outputs and ${prompts.length} prompts`,
      'Give a prompt for each of `outputs`, in their order, or leave `prompts` out.',
    );
  }
  if (more.length >= MAX_OUTPUTS) {
    throw invalid(
      `there are ${more.length + 1} outputs`,
      `Trace at most ${MAX_OUTPUTS} outputs of one incident together.`,
    );
  }
  const questions = [
    { context, prompt, output },
    ...more.map((text, i) => ({ context, prompt: prompts?.[i] ?? prompt, output: text })),
  ];
  for (const [i, question] of questions.entries()) {
    if (question.output.trim() !== '') continue;
    const name = i === 0 ? 'output' : `outputs[${i - 1}]`;
    throw invalid(`${name} is empty`, 'Give the text that the model said.');
  }
  return questions;
}

/** Where there is no prompt, the last turn is it. */
function checkContext({ context, prompt }: AskedQuestion): Omit<Question, 'output'> {
  const turns = context ?? [];
  if (turns.length > MAX_TURNS)
    throw invalid(`context has ${turns.length} turns`, `Give at most ${MAX_TURNS}.`);
  if (typeof prompt === 'string') return { context: turns, prompt };
  const last = turns.at(-1);
  if (last === undefined) return { context: [], prompt: null };
  if (last.role !== 'user') {
    throw invalid(
      `there is no prompt, and the last turn of context is of the ${last.role}`,
      'Give a prompt, or end context with what the user asked.',
    );
  }
  return { context: turns.slice(0, -1), prompt: last.content };
}

function checkMethod({ method, alpha }: AskedQuestion, questions: readonly Question[]): SearchMethod | null {
  if (method === null || method === undefined) return null;
  if (method !== 'REPT' && typeof alpha === 'number') {
    throw invalid(
      `alpha is ${alpha}, and the method ${method} has none`,
      'Leave alpha out, or choose the method REPT: alpha weighs its two cosines.',
    );
  }
  if (method === 'RAW' && !isPrompted(questions)) {
    throw invalid(
      'the method is RAW, and an output has no prompt',
      'Give the prompt too, or choose another method: without a prompt the hidden state is the same for every output.',
    );
  }
  return method;
}

function checkAlpha(alpha: Given<number>, questions: readonly Question[]): number | null {
  if (alpha === null || alpha === undefined) return null;
  if (!(alpha >= 0 && alpha <= 1)) {
    throw invalid(
      `alpha is ${alpha}`,
      'Choose a number from 0 (gradients alone) to 1 (hidden states alone).',
    );
  }
  if (alpha > 0 && !isPrompted(questions)) {
    throw invalid(
      `alpha is ${alpha}, and an output has no prompt`,
      'Give the prompt too, or leave alpha out: without a prompt the hidden state is the same for every output.',
    );
  }
  return alpha;
}

function checkFilter(filter: Given<AskedFilter>): SampleFilter | null {
  if (filter === null || filter === undefined) return null;
  const { label, labels, withoutLabels, metadata, rows } = filter;
  const bad = rows?.find((row) => row < 0);
  if (bad !== undefined) throw invalid(`filter.rows has ${bad}`, 'Rows are numbered from 0.');
  return {
    labels: bothLabels(label ?? undefined, labels ?? undefined),
    withoutLabels: withoutLabels ?? undefined,
    metadata: metadata ?? undefined,
    rows: rows ?? undefined,
  };
}

/** Both conditions hold only for a label that is in both. */
function bothLabels(
  label: string | undefined,
  labels: readonly string[] | undefined,
): readonly string[] | undefined {
  if (label === undefined) return labels;
  return labels === undefined || labels.includes(label) ? [label] : [];
}

function invalid(what: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', `${what}.`, remedy);
}
