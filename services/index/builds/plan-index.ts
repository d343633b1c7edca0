/**
 * planIndex: what buildIndex would do with this input now, and what that takes. It refuses what buildIndex refuses, in the same
 * order and words, and writes nothing: no index, no record, no run (at most the digest of a model that was never read before
 * is remembered, where an index of the name is to be compared with, or a base model that is no part of the model). The dataset is read for PLAN_SCAN_MS at most; behind
 * an index that is there it is read whole once, to tell whether it is still the same, unless its stamp says so.
 */
import { resolveAllowed } from '../../../lib/allowed-path.ts';
import type { Bus } from '../../../lib/bus/bus.ts';
import { call } from '../../../lib/bus/procedure.ts';
import { ReptraceError } from '../../../lib/errors.ts';
import { allowedOrCached } from '../../../lib/hub/cached.ts';
import { textPair, type ModelDescription, type ModelRef } from '../../../lib/mesh/compute-messages.ts';
import {
  inspectModel,
  PLAN_ROWS,
  planIndexing,
  type InspectedModel,
  type PlanAnswer,
} from '../../../lib/mesh/plan-messages.ts';
import { ofBase } from '../../compute/service/of-base.ts';
import { compareDataset } from '../datasets/compare.ts';
import type { DatasetRow } from '../datasets/dataset.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import { surveyDataset, type Survey } from '../datasets/survey.ts';
import { datasetChanged, datasetMissing, refuseSpoiled } from '../runs/check-dataset.ts';
import { bytesOf } from '../runs/grouping.ts';
import {
  isFinal,
  isPrepared,
  type BuildPlan,
  type BuildRequest,
  type IndexRecord,
} from '../runs/index-record.ts';
import type { IndexRecords } from '../runs/index-records.ts';
import { countOf } from '../runs/row-ranges.ts';
import type { BuildIndexInput, PlanAction } from '../schema.generated.ts';
import type { SignatureStore } from '../stores/signature-store.ts';
import { refuseUnusable, type BuildParts } from './build-index.ts';
import { baseOf, buildRequest } from './build-request.ts';
import { refuseBusy } from './erasing.ts';
import { checkFits, checkSameSettings, planOf } from './plan.ts';

export type PlanParts = Pick<BuildParts, 'bus' | 'store' | 'records' | 'owner' | 'roots'>;

export interface IndexPlan {
  readonly action: PlanAction;
  readonly model: InspectedModel;
  readonly rows: BuildPlan;
  /** The rows themselves, as far as they were read. */
  readonly survey: Survey;
  /** For the rows that will be signed. */
  readonly compute: PlanAnswer;
  /** Layers that the index has already, or that were named: nothing is left to choose. */
  readonly layersDecided: boolean;
  /** Rows of `rows.toSign` that the model will take, by the share that it takes of those looked at. */
  readonly signable: number;
  readonly storeBytes: number;
}

/** Milliseconds of reading the dataset; the number of rows is extrapolated then. */
const PLAN_SCAN_MS = 10_000;
/** Of the texts that are rendered for a plan. */
const MOST_SAMPLE_BYTES = 2 << 20;

/** Throws what buildIndex throws. */
export async function planIndex(parts: PlanParts, input: BuildIndexInput): Promise<IndexPlan> {
  const { bus, records, owner, roots } = parts;
  const request = buildRequest(input);
  const record = (await records.named(request.name)).index?.value;
  if (record !== undefined) refuseBusy(record, owner);
  const path = await allowedOrCached(request.dataset, 'dataset', (given) => resolveAllowed(given, roots));
  await openDataset(path, { columns: request.columns });
  // Of a build that failed before it was prepared nothing was stored: it may begin otherwise.
  const before = record !== undefined && isPrepared(record) ? record : undefined;
  const ref = { path: request.model, adapter: request.adapter ?? undefined };
  const baseRef = baseOf(request);
  // A model of its own may be a copy of the tuned one: only their digests tell.
  const identify = before !== undefined || (request.base !== null && request.adapter === null);
  const models = await inspectModels(bus, ref, baseRef, identify);
  const { model } = models;
  checkFits(request, model);
  const { survey, rows, action } =
    before === undefined
      ? await planNew(parts, request, path)
      : await planUpdate(parts, request, path, models, before);
  const layers = before?.layers?.layers ?? request.layers;
  const compute = await call(bus, planIndexing, {
    ...{ model: ref, base: baseRef, layers, maxTokens: request.maxTokens, toSign: rows.toSign },
    rows: survey.sample.map(textPair),
  });
  const { tokens } = compute;
  const seen = tokens.rows + tokens.failed;
  const signable = seen === 0 ? 0 : Math.round((rows.toSign * tokens.rows) / seen);
  const shape = {
    layers: layers === 'auto' ? compute.layers.slice(0, 1) : layers,
    width: model.hiddenSize,
    taught: baseRef !== null,
  };
  const textBytes = meanTextBytes(survey.sample);
  const storeBytes = parts.store.bytesOf({ points: signable, shape, textBytes });
  return { action, model, rows, survey, compute, layersDecided: layers !== 'auto', signable, storeBytes };
}

interface Models {
  readonly model: InspectedModel;
  readonly base: InspectedModel | null;
}

async function inspectModels(
  bus: Bus,
  ref: ModelRef,
  base: ModelRef | null,
  identify: boolean,
): Promise<Models> {
  const model = await call(bus, inspectModel, { model: ref, identify });
  if (base === null) return { model, base };
  return { model, base: await ofBase(call(bus, inspectModel, { model: base, identify })) };
}

interface Standing {
  readonly survey: Survey;
  readonly rows: BuildPlan;
  readonly action: PlanAction;
}

async function planNew({ bus }: PlanParts, request: BuildRequest, path: string): Promise<Standing> {
  const dataset = await openDataset(path, { columns: request.columns });
  const survey = await surveyDataset(dataset, surveyOptions(bus.maxPayload, PLAN_SCAN_MS));
  refuseUnusable(path, request, survey);
  const counts = { ...survey, bad: survey.badRowCount, stored: 0, erased: 0, failed: 0 };
  return { survey, rows: planOf(counts), action: 'CREATE' };
}

async function planUpdate(
  { bus, store, records }: PlanParts,
  request: BuildRequest,
  path: string,
  { model, base }: Models,
  record: IndexRecord,
): Promise<Standing> {
  refuseSpoiled(record);
  checkSameSettings(record, request, identified(model), base === null ? null : identified(base));
  const comparison = await compareDataset(path, record.dataset);
  if (comparison.kind === 'missing') throw datasetMissing(record, path);
  if (comparison.kind === 'changed') throw datasetChanged(record, path);
  // Where bad rows stop a build that has some, one of them must be found to be named.
  const mustFind = request.onBadRow === 'STOP' && record.dataset.badRows > 0;
  const milliseconds = mustFind ? Infinity : PLAN_SCAN_MS;
  const dataset = await openDataset(path, { resolved: record.dataset.columns });
  const seen = await surveyDataset(dataset, surveyOptions(bus.maxPayload, milliseconds));
  const { rows, sourceRows, badRows } = record.dataset;
  const survey =
    comparison.kind === 'same' ? { ...seen, exact: true, rows, sourceRows, badRowCount: badRows } : seen;
  refuseUnusable(path, request, survey);
  const failed = (await records.failures(record.id)).filter(isFinal).length;
  const counts = { ...survey, bad: survey.badRowCount, failed, ...(await standing(store, records, record)) };
  const plan = planOf(counts);
  const grew = survey.rows > rows;
  const isDone = record.life.state === 'COMPLETED' && plan.toSign === 0 && !grew;
  return { survey, rows: plan, action: isDone ? 'NOTHING' : grew ? 'ADD_ROWS' : 'RESUME' };
}

/** Models are asked for with their digests where there is an index to compare with. */
function identified(model: InspectedModel): Pick<ModelDescription, 'digest' | 'precision'> {
  return { digest: model.digest ?? '', precision: model.precision };
}

/** Rows stored and rows erased, as they will be when an erasing that was cut off is finished. */
async function standing(
  store: SignatureStore,
  records: IndexRecords,
  { id }: IndexRecord,
): Promise<{ readonly stored: number; readonly erased: number }> {
  const { erased, pending } = await records.erasure(id);
  const [stored, going] = await Promise.all([
    countIn(store, id),
    pending === null ? 0 : countIn(store, id, pending.filter),
  ]);
  return { stored: stored - going, erased: countOf(erased) + going };
}

/** None where a build failed before it made the collection. */
async function countIn(...[store, ...asked]: [SignatureStore, ...Parameters<SignatureStore['count']>]) {
  try {
    return await store.count(...asked);
  } catch (error) {
    if (error instanceof ReptraceError && error.code === 'INDEX_NOT_FOUND') return 0;
    throw error;
  }
}

function surveyOptions(maxPayload: number, milliseconds: number) {
  const mostBytes = Math.min(MOST_SAMPLE_BYTES, maxPayload / 2);
  return { milliseconds, most: PLAN_ROWS, mostBytes, sizeOf: bytesOf };
}

/** Of what a store keeps of a row beside its vectors. */
function meanTextBytes(rows: readonly DatasetRow[]): number {
  const bytes = rows.reduce((sum, { context, prompt, response, label, metadata }) => {
    return (
      sum +
      Buffer.byteLength(`${JSON.stringify(context)}${prompt}${response}${label ?? ''}`) +
      Buffer.byteLength(JSON.stringify(metadata))
    );
  }, 0);
  return rows.length === 0 ? 0 : bytes / rows.length;
}
