/** What the demo measures on: a mesh with an index, the rows that are in it, and the questions about it. */
import { readFile } from 'node:fs/promises';
import { GENERATE } from '../../cli/client/documents.ts';
import type { GraphqlClient } from '../../cli/client/graphql-client.ts';
import { valueOf, type Member, type TraceFields } from '../../cli/client/results.ts';
import { askFields, askTrace } from '../../cli/client/trace.ts';
import type { TunedRow } from '../corpus/rows.ts';

export interface Subject {
  readonly client: GraphqlClient;
  readonly index: string;
  /** The index's rows, in its order. */
  readonly rows: readonly TunedRow[];
}

export interface Answered {
  readonly prompt: string;
  readonly output: string;
}

/** Greedy answers of a model, in the order of the prompts. */
export async function answersOf(
  client: GraphqlClient,
  model: string,
  prompts: readonly string[],
): Promise<Answered[]> {
  const answer = await client.ask<{ generate: Member<{ answers: readonly { text: string }[] }> }>(GENERATE, {
    input: { model, prompts, maxTokens: 64 },
  });
  return valueOf(answer.generate).answers.map(({ text }, i) => ({
    prompt: prompts[i] ?? '',
    output: text.trim(),
  }));
}

/** For what a trace says of the output alone: the match does not count, and the search takes no time. */
export const BRIEFLY = { top: 1, filter: { rows: [0] } };

export function trace(
  { client, index }: Subject,
  { prompt, output }: Answered,
  settings: Readonly<Record<string, unknown>>,
): Promise<TraceFields> {
  return askTrace(client, { index, prompt, output, ...settings });
}

export interface RowScores {
  readonly row: number;
  readonly score: number;
  /** Cosines of the hidden states, and of the gradients. */
  readonly hiddenScore: number;
  readonly gradientScore: number;
}

/** As many as a mesh ranks at once. */
const MAX_TOP = 1000;

/** The best rows for an output by what they taught, best first; every row was compared. */
export async function bestTaught(subject: Subject, answered: Answered, top: number): Promise<number[]> {
  const scores = await scoresOf(subject, answered, { method: 'TAUGHT', top });
  return scores.map(({ row }) => row);
}

/** RepT's scores of all rows for an output, in as many traces as that takes, each of some of the rows. */
export async function reptScores(subject: Subject, answered: Answered): Promise<RowScores[]> {
  const { length } = subject.rows;
  const scores: RowScores[] = [];
  for (let first = 0; first < length; first += MAX_TOP) {
    const rows = Array.from({ length: Math.min(MAX_TOP, length - first) }, (_, i) => first + i);
    // A trace by RAW has the two cosines too, as they are by REPT.
    scores.push(
      ...(await scoresOf(subject, answered, { method: 'RAW', top: rows.length, filter: { rows } })),
    );
  }
  if (scores.length === length) return scores;
  throw new Error(`${scores.length} of ${length} rows were ranked`);
}

async function scoresOf(
  { client, index }: Subject,
  { prompt, output }: Answered,
  asked: Readonly<Record<string, unknown>>,
): Promise<RowScores[]> {
  const question = { index, prompt, output, exact: true, tokens: false, ...asked };
  const { matches } = await askFields<Scored>(client, question, SCORES);
  return matches.map(({ sample: { row }, ...match }) => ({ ...match, row }));
}

interface Scored {
  readonly matches: readonly (Omit<RowScores, 'row'> & { readonly sample: { readonly row: number } })[];
}
const SCORES = 'matches { score hiddenScore gradientScore sample { row } }';

/** Rows by one of their scores, best first; of equals, the first. */
export function ranked(
  scores: readonly RowScores[],
  by: 'score' | 'hiddenScore' | 'gradientScore',
): number[] {
  return scores.toSorted((a, b) => b[by] - a[by] || a.row - b.row).map(({ row }) => row);
}

/** In order, so many at a time: enough that the GPU does not wait for the network, too few to be refused. */
export async function eachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  const left = items.entries();
  const run = async (): Promise<void> => {
    for (const [i, item] of left) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
  return results;
}

const AT_ONCE = 4;

export async function readLines<T>(path: string): Promise<T[]> {
  const text = await readFile(path, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}
