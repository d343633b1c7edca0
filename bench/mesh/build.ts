/** One build of an index through a mesh, as a client of its GraphQL sees it. */
import { BUILD_INDEX, DELETE_INDEX } from '../../cli/client/documents.ts';
import { followBuild } from '../../cli/client/follow.ts';
import type { GraphqlClient } from '../../cli/client/graphql-client.ts';
import { valueOf, type IndexResult, type Member, type ProgressResult } from '../../cli/client/results.ts';

export interface BuildInput {
  readonly name: string;
  /** Absolute paths. */
  readonly model: string;
  readonly base?: string;
  readonly dataset: string;
  readonly layers: string;
  readonly maxTokens: number;
}

export interface BuildTiming {
  readonly id: string;
  /** Seconds from asking until COMPLETED: the dataset read for the plan, signing, the end written down. */
  readonly whole: number;
  /**
   * Seconds from the answer to the mutation, which comes with the plan, until progress shows the last row. Progress is written
   * four times a second, so this is up to 0.25 s too long.
   */
  readonly signing: number;
}

/** Throws unless every row is signed. */
export async function timeBuild(
  client: GraphqlClient,
  input: BuildInput,
  onProgress: (progress: ProgressResult) => void = () => undefined,
): Promise<BuildTiming> {
  const begun = performance.now();
  const { buildIndex } = await client.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input });
  const { id } = valueOf(buildIndex);
  const planned = performance.now();
  let signed: number | undefined;
  const watch = (progress: ProgressResult): void => {
    if (progress.total > 0 && progress.done === progress.total) signed ??= performance.now();
    onProgress(progress);
  };
  const { state, done, total } = await followBuild(client, id, watch, new AbortController().signal);
  const ended = performance.now();
  if (state !== 'COMPLETED' || done !== total || signed === undefined) {
    throw new Error(`the build ${input.name} ended as ${state} with ${done} of ${total} rows`);
  }
  return { id, whole: (ended - begun) / 1000, signing: (signed - planned) / 1000 };
}

export async function deleteIndex(client: GraphqlClient, index: string): Promise<void> {
  const { deleteIndex: deleted } = await client.ask<{ deleteIndex: Member<object> }>(DELETE_INDEX, { index });
  valueOf(deleted);
}
