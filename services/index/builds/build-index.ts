/**
 * buildIndex: everything that can be refused is refused before the answer, which names the index and what will be done; the
 * work itself is a run. Of two builds of one name at the same moment one wins and the other is told INDEX_BUSY.
 */
import { randomUUID } from 'node:crypto';
import { resolveAllowed } from '../../../lib/allowed-path.ts';
import type { Bus } from '../../../lib/bus/bus.ts';
import { call } from '../../../lib/bus/procedure.ts';
import { allowedOrCached } from '../../../lib/hub/cached.ts';
import { describeBase, describeModel } from '../../../lib/mesh/compute-messages.ts';
import type { StoredRecord } from '../../../lib/records/records.ts';
import { compareDataset } from '../datasets/compare.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import { badRowError, invalidDataset } from '../datasets/problems.ts';
import { scanDataset, type DatasetScan } from '../datasets/scan.ts';
import { datasetChanged, datasetMissing, refuseSpoiled } from '../runs/check-dataset.ts';
import {
  changed,
  isFinal,
  isPrepared,
  shapeOf,
  type BuildRequest,
  type IndexRecord,
  type ScannedDataset,
} from '../runs/index-record.ts';
import { isConflict, type IndexRecords } from '../runs/index-records.ts';
import { newLease, type Owner } from '../runs/lease.ts';
import { busy, queued } from '../runs/life.ts';
import { countOf } from '../runs/row-ranges.ts';
import type { Runs } from '../runs/runs.ts';
import type { BuildIndexInput } from '../schema.generated.ts';
import type { SignatureStore } from '../stores/signature-store.ts';
import { baseOf, buildRequest } from './build-request.ts';
import { afterErasing, finishErasing, refuseBusy } from './erasing.ts';
import { checkFits, checkSameSettings, planOf, type RowCounts } from './plan.ts';

export interface BuildParts {
  readonly bus: Bus;
  readonly store: SignatureStore;
  readonly records: IndexRecords;
  readonly runs: Runs;
  readonly owner: Owner;
  /** Folders under which datasets may be. */
  readonly roots: readonly string[];
}

/** How often the record may change under a build before it is told that somebody else is at it. */
const TRIES = 3;

/**
 * Throws INPUT_INVALID, INDEX_BUSY, CONFLICT (built otherwise before), PATH_NOT_ALLOWED, DATASET_NOT_FOUND, DATASET_INVALID,
 * DATASET_CHANGED, LAYER_NOT_FOUND, SERVICE_UNAVAILABLE, and what opening a model and its base model throws.
 */
export async function buildIndex(parts: BuildParts, input: BuildIndexInput): Promise<IndexRecord> {
  const request = buildRequest(input);
  const { index } = await parts.records.named(request.name);
  if (index !== undefined) refuseBusy(index.value, parts.owner);
  const path = await allowedOrCached(request.dataset, 'dataset', (given) =>
    resolveAllowed(given, parts.roots),
  );
  // Before a model is opened, which may take long: is there a dataset at all?
  await openDataset(path, { columns: request.columns });
  const models = await describeModels(parts.bus, request);
  checkFits(request, models.model);
  for (let tries = 1; ; tries++) {
    const named = await parts.records.named(request.name);
    try {
      return named.index === undefined
        ? await create(parts, request, path, models, named.revision)
        : await update(parts, request, path, models, named.index);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      if (tries === TRIES) throw busy(request.name);
    }
  }
}

/** Those that a build is about. */
type Models = Pick<IndexRecord, 'model' | 'base'>;

async function describeModels(bus: Bus, request: BuildRequest): Promise<Models> {
  const ref = { path: request.model, adapter: request.adapter ?? undefined };
  const model = await call(bus, describeModel, { model: ref });
  const base = baseOf(request);
  return { model, base: base === null ? null : await call(bus, describeBase, { model: ref, base }) };
}

/** Another writer was faster: look again. */
class Overtaken extends Error {}

async function create(
  { records, runs, owner }: BuildParts,
  request: BuildRequest,
  path: string,
  models: Models,
  nameRevision: number | 'absent',
): Promise<IndexRecord> {
  const dataset = await firstScan(path, request);
  const record: IndexRecord = {
    id: randomUUID(),
    name: request.name,
    createdAt: new Date().toISOString(),
    life: { state: 'QUEUED', lease: newLease(owner) },
    ...begun(request, models, dataset),
    cursor: Date.now(),
    attempt: 1,
    generation: 1,
    erasing: null,
  };
  const revision = await orOvertaken(() => records.create(record, nameRevision));
  runs.start({ value: record, revision });
  return record;
}

/** What an index is before its first run. */
function begun(request: BuildRequest, models: Models, dataset: ScannedDataset) {
  const { rows, sourceRows } = dataset;
  const counts = { rows, sourceRows, bad: dataset.badRows, stored: 0, erased: 0, failed: 0 };
  const firstDigest = dataset.digest;
  const nothing = { layers: null, taught: null, spoiled: false, recall: null, taughtRecall: null };
  return { request, ...models, dataset, firstDigest, ...nothing, ...standing(counts) };
}

async function update(
  parts: BuildParts,
  request: BuildRequest,
  path: string,
  models: Models,
  { value: record, revision }: StoredRecord<IndexRecord>,
): Promise<IndexRecord> {
  const { records, runs, owner } = parts;
  refuseBusy(record, owner);
  const change = await whatChanges(parts, request, path, models, record);
  const nothingToDo =
    record.life.state === 'COMPLETED' &&
    change.plan.toSign === 0 &&
    change.dataset.rows === record.dataset.rows;
  if (nothingToDo) {
    const { plan, dataset, progress } = change;
    const value = changed(record, { plan, dataset, ...afterErasing(record, progress.done, progress.total) });
    await orOvertaken(() => records.replace(value, revision));
    return value;
  }
  const value = changed(record, {
    ...change,
    life: queued(record.life, record.name, newLease(owner)),
    attempt: record.attempt + 1,
    generation: record.generation + 1,
  });
  runs.start({ value, revision: await orOvertaken(() => records.replace(value, revision)) });
  return value;
}

async function whatChanges(
  parts: BuildParts,
  request: BuildRequest,
  path: string,
  models: Models,
  record: IndexRecord,
) {
  // Of a build that failed before it was prepared nothing was stored: it may begin otherwise.
  if (!isPrepared(record)) return begun(request, models, await firstScan(path, request));
  refuseSpoiled(record);
  checkSameSettings(record, request, models.model, models.base);
  const dataset = await grown(record, request, path);
  const stored = await storedRows(parts, record);
  const erased = countOf((await parts.records.erasure(record.id)).erased);
  const failed = (await parts.records.failures(record.id)).filter(isFinal).length;
  const { rows, sourceRows } = dataset;
  const counts = { rows, sourceRows, bad: dataset.badRows, stored, erased, failed };
  return { request, ...models, dataset, ...standing(counts) };
}

/** The dataset as it is now, if the index's rows are still its first. Throws DATASET_CHANGED, DATASET_NOT_FOUND. */
async function grown(record: IndexRecord, request: BuildRequest, path: string): Promise<ScannedDataset> {
  const comparison = await compareDataset(path, record.dataset);
  if (comparison.kind === 'missing') throw datasetMissing(record, path);
  if (comparison.kind === 'changed') throw datasetChanged(record, path);
  if (comparison.kind === 'same' && !(request.onBadRow === 'STOP' && record.dataset.badRows > 0)) {
    return { ...record.dataset, ...comparison.now, path };
  }
  const scanned = await scanDataset(path, { resolved: record.dataset.columns });
  if (scanned.digest !== comparison.now.digest) throw datasetChanged(record, path);
  return usable(path, request, scanned);
}

/** Throws DATASET_INVALID: no good row, or a bad one where bad rows stop the build. */
function usable(path: string, request: BuildRequest, scanned: DatasetScan): ScannedDataset {
  refuseUnusable(path, request, scanned);
  const { digest, bytes, rows, sourceRows, stamp, columns, badRowCount } = scanned;
  return { path, digest, bytes, rows, sourceRows, stamp, columns, badRows: badRowCount };
}

/** Throws as `usable` does. */
export function refuseUnusable(
  path: string,
  request: BuildRequest,
  {
    rows,
    sourceRows,
    badRowCount,
    badRows,
  }: Pick<DatasetScan, 'rows' | 'sourceRows' | 'badRowCount' | 'badRows'>,
): void {
  const [firstBad] = badRows;
  if (firstBad !== undefined && request.onBadRow === 'STOP') throw badRowError(path, firstBad);
  if (rows === badRowCount) {
    throw invalidDataset(
      firstBad === undefined
        ? `${path} has no rows`
        : `none of the ${sourceRows} rows of ${path} can be used; line ${firstBad.line}: ${firstBad.reason}`,
      'Give it at least one good row, or name the columns that hold prompt and response.',
    );
  }
}

async function firstScan(path: string, request: BuildRequest): Promise<ScannedDataset> {
  return usable(path, request, await scanDataset(path, { columns: request.columns }));
}

async function storedRows({ store, records }: BuildParts, record: IndexRecord): Promise<number> {
  // A build that failed early may not have made it yet.
  await store.create(record.id, shapeOf(record));
  await finishErasing(store, records, record.id);
  return store.count(record.id);
}

function standing(counts: RowCounts) {
  const plan = planOf(counts);
  const total = counts.rows - counts.erased;
  const progress = { done: counts.stored, total, failed: 0, samplesPerSecond: null, etaSeconds: null };
  return { plan, progress };
}

async function orOvertaken<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isConflict(error)) throw new Overtaken('the record was changed', { cause: error });
    throw error;
  }
}
