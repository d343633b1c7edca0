/**
 * Batches through the model together: where weights are streamed, every block is read once for all of them on the way up,
 * and once on the way down. Where they are not, a group is one batch, and blocks keep what the backward needs.
 *
 * A group is started, and its results are waited for later: what comes next can be recorded and sent meanwhile. It may use the same
 * scratch memory, since the queue works in order; only what results are read back through is each group's own.
 */
import type { Model } from '../model/model.ts';
import type { BatchResult } from './batch-result.ts';
import { BatchRun } from './batch-run.ts';
import type { Sample } from './sample.ts';
import type { SignatureOptions } from './signature.ts';

/** Work that the device has been given all of. Whoever does not wait for the results has nothing to clean up. */
export interface Sent<Result> {
  readonly results: Promise<Result[]>;
}

/** Results in the order of the batches, none of which is empty. */
export async function runGroup(
  model: Model,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<BatchResult[]> {
  return (await startGroup(model, batches, options)).results;
}

/** The same, up to where results would be waited for. Until then nobody else may record for the model. */
export async function startGroup(
  model: Model,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<Sent<BatchResult>> {
  const { arena } = model;
  const scope = arena.scope();
  try {
    // What earlier groups left is of other sizes.
    await makeRoom(model);
    // One for all: the rotary table of a longer batch would take the place of the one that a shorter batch still needs.
    const context = model.context(scope, Math.max(...batches.flat().map(({ inputIds }) => inputIds.length)));
    const runs = batches.map((samples) => new BatchRun(model, context, samples, options));
    await runStages(model, runs);
    const sent = sentOf(Promise.all(runs.map((run) => run.read())));
    // What the device refused by now is this group's, and no later one's.
    model.gpu.assertHealthy();
    return sent;
  } finally {
    scope.end();
  }
}

/** A failure that nobody waits for is no unhandled rejection. */
export function sentOf<Result>(results: Promise<Result[]>): Sent<Result> {
  results.catch(() => undefined);
  return { results };
}

async function runStages(model: Model, runs: readonly BatchRun[]): Promise<void> {
  const { recorder, weights, config } = model;
  const { layers } = config;
  const kept = weights.streamed ? 'input' : 'tape';
  for (let part = 0; part < weights.vocabularyParts; part++) {
    const embedding = await weights.embedding(recorder, part);
    for (const run of runs) run.embed(embedding);
  }
  for (const run of runs) run.endEmbedding(weights.ends);
  for (let layer = 0; layer < layers; layer++) {
    const block = await weights.block(recorder, layer, layer + 1 < layers ? layer + 1 : undefined);
    for (const run of runs) {
      run.forward(block, kept);
      await recorder.breathe();
    }
  }
  if (weights.streamed) await makeRoom(model);
  await runHead(model, runs);
  if (weights.streamed) await makeRoom(model);
  const lowest = Math.min(...runs.map((run) => run.lowest));
  for (let layer = layers - 1; layer >= lowest; layer--) {
    const block = await weights.block(recorder, layer, layer > lowest ? layer - 1 : undefined);
    for (const run of runs) {
      run.backward(block);
      await recorder.breathe();
    }
  }
}

/** Forward and back; batch by batch where the head is there as a whole, so that no logits wait for other batches. */
async function runHead({ recorder, weights }: Model, runs: readonly BatchRun[]): Promise<void> {
  const { ends, vocabularyParts } = weights;
  const isWhole = vocabularyParts === 1;
  const groups = isWhole ? runs.map((run) => [run]) : [runs];
  for (const group of groups) {
    for (const run of group) run.beginHead(ends);
    for (let part = 0; part < vocabularyParts; part++) {
      const head = await weights.head(recorder, part);
      for (const run of group) await run.headForward(head, isWhole && run.goesBack);
    }
    const back = group.filter((run) => run.goesBack);
    for (const run of group) if (!run.goesBack) run.dropHead();
    for (let part = 0; part < vocabularyParts && back.length > 0; part++) {
      const head = await weights.head(recorder, part);
      for (const run of back) await run.headBackward(head);
    }
    for (const run of back) run.endHead(ends);
  }
}

/** Where memory is bounded: frees what the stage before had, and this one has other sizes of. */
async function makeRoom({ recorder, arena, budget }: Model): Promise<void> {
  if (budget === undefined) return;
  await recorder.finish();
  arena.trim();
}
