/** cancelIndex, resumeIndex, deleteIndex. The record decides; the runs, here or elsewhere, go by it. */
import type { Bus } from '../../../lib/bus/bus.ts';
import { call } from '../../../lib/bus/procedure.ts';
import { describeBase, describeModel, SIGN_QUEUE } from '../../../lib/mesh/compute-messages.ts';
import { checkDataset } from '../runs/check-dataset.ts';
import { isPrepared, type IndexRecord } from '../runs/index-record.ts';
import { newLease } from '../runs/lease.ts';
import { busy, cancelled, isWorking, queued } from '../runs/life.ts';
import type { BuildParts } from './build-index.ts';
import { finishErasing, refuseBusy } from './erasing.ts';

/** A build that has ended stays as it is. Throws INDEX_NOT_FOUND. */
export async function cancelIndex(
  { records, runs, bus }: BuildParts,
  reference: string,
): Promise<IndexRecord> {
  const { id } = (await records.find(reference)).value;
  const { value } = await records.change(id, ({ life }) =>
    isWorking(life) ? { life: cancelled(life) } : null,
  );
  await runs.recordChanged(id);
  if (value.life.state === 'CANCELLED') await clearTasks(bus, id);
  return (await records.get(id))?.value ?? value;
}

/**
 * Goes on with a build that was cancelled or failed; a completed one stays as it is.
 * Throws INDEX_NOT_FOUND, INDEX_BUSY, MODEL_CHANGED, DATASET_CHANGED, DATASET_NOT_FOUND, and what opening a model throws.
 */
export async function resumeIndex(parts: BuildParts, reference: string): Promise<IndexRecord> {
  const { records, runs, owner, bus, store } = parts;
  const { value: found } = await records.find(reference);
  refuseBusy(found, owner);
  if (found.life.state === 'COMPLETED') return found;
  await checkDataset(found);
  await checkModels(bus, found);
  if (isPrepared(found)) await finishErasing(store, records, found.id);
  const lease = newLease(owner);
  const stored = await records.change(found.id, (record) => {
    refuseBusy(record, owner);
    if (record.attempt !== found.attempt) throw busy(record.name);
    return {
      life: queued(record.life, record.name, lease),
      attempt: record.attempt + 1,
      generation: record.generation + 1,
    };
  });
  runs.start(stored);
  return stored.value;
}

/** Cancels a build, then removes the signatures and everything kept of the index. Throws INDEX_NOT_FOUND, INDEX_BUSY. */
export async function deleteIndex(parts: BuildParts, reference: string): Promise<IndexRecord> {
  const { records, store, owner } = parts;
  const ended = await cancelIndex(parts, reference);
  refuseBusy(ended, owner);
  await store.drop(ended.id);
  await records.remove(ended);
  return ended;
}

/** Throws MODEL_CHANGED unless model and base model are what they were, and what opening them throws. */
async function checkModels(
  bus: Bus,
  { model: { digest, path, loraPath }, base }: IndexRecord,
): Promise<void> {
  const model = { digest, path, adapter: loraPath ?? undefined };
  await call(bus, describeModel, { model });
  if (base === null) return;
  await call(bus, describeBase, { model, base: { digest: base.digest, path: base.path } });
}

async function clearTasks(bus: Bus, id: string): Promise<void> {
  await (await bus.queue(SIGN_QUEUE)).clear(id);
}
