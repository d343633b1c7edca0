/** Asks an index with a base model over the bus, as a trace does, in parts: what is signed once may be searched for often. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILD_INDEX } from '../../cli/client/documents.ts';
import { followBuild } from '../../cli/client/follow.ts';
import type { GraphqlClient } from '../../cli/client/graphql-client.ts';
import { valueOf, type IndexResult, type Member } from '../../cli/client/results.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { call, type Procedure } from '../../lib/bus/procedure.ts';
import { signQuestions, type SignedQuestion } from '../../lib/mesh/compute-messages.ts';
import type { OpenIndex, searchIndex, SearchHit } from '../../lib/mesh/index-messages.ts';
import { INCIDENT_TOKENS, QUERY_TOKENS } from '../../lib/taught/constants.ts';
import { setupOf } from '../../services/reporting/traces/taught-parts.ts';

/** An answer that a demo model gave to a question that training does not have. */
export interface Answer {
  readonly prompt: string;
  readonly output: string;
  readonly label: string;
  /** Behaviours. */
  readonly shows: readonly string[];
}

export interface Found {
  readonly hits: readonly SearchHit[];
  readonly exact: boolean;
  readonly recall: number | null;
}

const NEVER = new AbortController().signal;

/** Of the model's manifest. */
export async function answersOf(model: string): Promise<readonly Answer[]> {
  const text = await readFile(join(model, 'manifest.json'), 'utf8');
  return (JSON.parse(text) as { evaluation: { answers: Answer[] } }).evaluation.answers;
}

/** Builds until the end; gives the id. Throws the failure. @param input of Mutation.buildIndex */
export async function buildWhole(client: GraphqlClient, input: Record<string, unknown>): Promise<string> {
  const answer = await client.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input });
  const { id } = valueOf(answer.buildIndex);
  const { state } = await followBuild(client, id, () => undefined, NEVER);
  if (state !== 'COMPLETED') throw new Error(`the build of ${String(input['name'])} is ${state}`);
  return id;
}

/** In requests that leave every output all of its words. */
export async function signAll(
  bus: Bus,
  { manifest }: OpenIndex,
  answers: readonly Answer[],
): Promise<SignedQuestion[]> {
  const { digest, path } = manifest.model;
  const signed: SignedQuestion[] = [];
  const atOnce = INCIDENT_TOKENS / QUERY_TOKENS;
  for (let at = 0; at < answers.length; at += atOnce) {
    const { signatures } = await call(bus, signQuestions, {
      ...{ model: { digest, path }, layers: manifest.layers.layers, maxTokens: manifest.maxTokens },
      ...{ raw: false, taught: setupOf(manifest) },
      questions: answers
        .slice(at, at + atOnce)
        .map(({ prompt, output }) => ({ context: [], prompt, output })),
    });
    signed.push(...signatures);
  }
  return signed;
}

type Messages<P> =
  P extends Procedure<infer Request, infer Response> ? { request: Request; response: Response } : never;
/** index.search, over a bus or without. */
export type Search = (
  request: Messages<typeof searchIndex>['request'],
) => Promise<Messages<typeof searchIndex>['response']>;

/** By taught tokens. @param exact whether that is asked for */
export async function searchTaught(
  search: Search,
  index: string,
  { layers, lesson }: SignedQuestion,
  { top, exact }: { readonly top: number; readonly exact: boolean },
): Promise<Found> {
  const hits: SearchHit[] = [];
  for (;;) {
    const answer = await search({
      ...{ index, queries: [layers], method: 'TAUGHT', lessons: [lesson?.tokens ?? []] },
      beginnings: lesson?.beginning && [lesson.beginning],
      ...{ prompted: true, alpha: 0, top, skip: hits.length, filter: null, exact },
    });
    hits.push(...answer.hits);
    if (!answer.more) return { hits, exact: answer.exact, recall: answer.recall };
  }
}
