/** The rows of one task, from text to report: rendered, sorted by length, packed, signed batch by batch. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Bus } from '../../../lib/bus/bus.ts';
import { reasonOf, ReptraceError } from '../../../lib/errors.ts';
import type { SignTask } from '../../../lib/mesh/compute-messages.ts';
import type { SignedRow } from '../../../lib/mesh/index-messages.ts';
import { KEPT_TOKENS } from '../../../lib/taught/constants.ts';
import { MAX_LESSON_BYTES, packLesson } from '../../../lib/taught/lesson.ts';
import { groupBatches } from '../engine/attribution/group-batches.ts';
import { evenBatches } from '../engine/attribution/sample.ts';
import { BATCH_TOKENS } from '../engine/attribution/signature-batches.ts';
import { checkLayers } from '../engine/attribution/signature.ts';
import type { Numbers } from '../engine/device/gpu.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import { requireTokenizer } from '../engine/model/model-text.ts';
import { halving } from './halving.ts';
import type { Priority } from './lane.ts';
import type { LoadedModels } from './loaded-models.ts';
import { layerVectors } from './questions.ts';
import { renderRow, type NamedSample } from './rendering.ts';
import { Reporter, reportRoom, signedRowBytes } from './sign-reports.ts';
import { timedRows } from './timed-rows.ts';
import * as withBase from './with-base.ts';
import {
  lessonBeginning,
  lessonOptions,
  lessonTokens,
  useWithBase,
  type ResultWithBase,
  type WithBase,
} from './with-base.ts';

/** The model cannot be had (here), or not for what is asked of it (anywhere): no row is to blame. */
export class ModelUnusable extends Error {
  readonly reason: unknown;
  readonly where: 'here' | 'anywhere';

  constructor(reason: unknown, where: 'here' | 'anywhere') {
    super(reasonOf(reason));
    this.reason = reason;
    this.where = where;
  }
}

interface Row extends NamedSample {
  readonly row: number;
}

/** Milliseconds of rendering before others get their turn. */
const RENDER_MS = 20;

/** Resolves when all is reported, or the build is over. Throws ModelUnusable, and what keeps reports from arriving. */
export async function signRows(
  bus: Bus,
  models: LoadedModels,
  task: SignTask,
  signal: AbortSignal,
): Promise<void> {
  const { source, config, budget } = await withModel(models, task, 'overlapping batch', (loaded) => {
    checkTask(bus, loaded, task);
    const { config, budget } = loaded.model;
    return Promise.resolve({ source: loaded.source, config, budget });
  });
  const reporter = new Reporter(bus, task.index, signal);
  const { rows, failed } = await renderAll(source, task, signal);
  let goesOn = await reporter.add(failed);
  rows.sort((a, b) => a.inputIds.length - b.inputIds.length);
  for await (const group of groupBatches(
    { config, budget },
    evenBatches(rows, BATCH_TOKENS),
    wantedOf(task),
  )) {
    if (!goesOn) return;
    goesOn = await reporter.add(await signGroup(models, task, group, signal));
  }
  await reporter.end();
}

function wantedOf({ layers, taught }: SignTask) {
  return { layers, ...lessonOptions(taught) };
}

/** Throws what makes every row of the task impossible. */
function checkTask(bus: Bus, { model, source, description }: WithBase, task: SignTask): void {
  const { layers, precision, taught } = task;
  try {
    if (precision !== undefined && precision !== description.precision) {
      throw otherNumbers(precision, description.precision);
    }
    checkLayers(layers, model);
    requireTokenizer(source);
    const bytes = signedRowBytes(
      layers.length,
      description.hiddenSize,
      taught === null ? 0 : MAX_LESSON_BYTES,
    );
    if (bytes > reportRoom(bus)) throw rowTooLarge(bytes, bus.maxPayload);
  } catch (error) {
    throw new ModelUnusable(error, 'anywhere');
  }
}

function otherNumbers(index: Numbers, own: Numbers): ReptraceError {
  return new ReptraceError(
    'CONFIG_INVALID',
    `the index is of ${index} numbers, and this worker computes with ${own} ones`,
    'Start all workers with the same REPTRACE_NUMBERS and REPTRACE_LINEAR, and resume the index.',
  );
}

async function renderAll(
  source: ModelSource,
  { rows: texts, maxTokens }: SignTask,
  signal: AbortSignal,
): Promise<{ rows: Row[]; failed: SignedRow[] }> {
  const rows: Row[] = [];
  const failed: SignedRow[] = [];
  let since = performance.now();
  for (const text of texts) {
    const { row } = text;
    try {
      rows.push({ row, ...renderRow(source, text, maxTokens, `row ${row}`) });
    } catch (error) {
      // The report says which row it is: the reason need not.
      failed.push(failedRow(row, error instanceof ReptraceError ? (error.cause ?? error) : error));
    }
    if (performance.now() - since < RENDER_MS) continue;
    await turn();
    signal.throwIfAborted();
    since = performance.now();
  }
  return { rows, failed };
}

/**
 * Batches that are sent together, as a streamed model's are: other tasks' batches are begun while the device is at them, and these
 * rows are reported. Where that fails, be it by what was under way beside it, one by one and alone, to find the row to blame.
 */
async function signGroup(
  models: LoadedModels,
  task: SignTask,
  group: readonly (readonly Row[])[],
  signal: AbortSignal,
): Promise<readonly SignedRow[]> {
  try {
    return await withModel(models, task, 'overlapping batch', async (loaded, sent) => {
      signal.throwIfAborted();
      const rows = { rows: group.flat(), layers: task.layers };
      const all = await timedRows(models, loaded, rows, async () => {
        const { results } = await withBase.startGroup(loaded, group, wantedOf(task));
        sent();
        return results;
      });
      return group.flatMap((batch, i) => signedRows(batch, all[i], task));
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ModelUnusable) throw error;
  }
  const signed: SignedRow[] = [];
  for (const batch of group) signed.push(...(await signBatch(models, task, batch, signal)));
  return signed;
}

function signBatch(
  models: LoadedModels,
  task: SignTask,
  batch: readonly Row[],
  signal: AbortSignal,
): Promise<readonly SignedRow[]> {
  const sign = (rows: readonly Row[]): Promise<SignedRow[]> =>
    withModel(models, task, 'batch', async (loaded) => {
      signal.throwIfAborted();
      const results = await timedRows(models, loaded, { rows, layers: task.layers }, () =>
        withBase.signBatch(loaded, rows, wantedOf(task)),
      );
      return signedRows(rows, results, task);
    });
  return halving(batch, sign, ({ row }, error) => {
    signal.throwIfAborted();
    if (error instanceof ModelUnusable) throw error;
    return failedRow(row, error);
  });
}

function signedRows(
  rows: readonly Row[],
  results: readonly ResultWithBase[],
  { layers, taught }: SignTask,
): SignedRow[] {
  return results.map((result, i) => {
    const { row, truncated } = rows[i];
    if ('error' in result) return failedRow(row, result.error);
    const lesson =
      taught === null
        ? null
        : packLesson(lessonTokens(result, taught, KEPT_TOKENS), lessonBeginning(result, taught));
    return { row, layers: layerVectors(result, layers), loss: result.loss, truncated, lesson };
  });
}

/** What keeps the model, or its base, from being used throws ModelUnusable; what the work throws is thrown as it is. */
async function withModel<T>(
  models: LoadedModels,
  { model: ref, taught }: SignTask,
  priority: Priority,
  work: (model: WithBase, sent: () => void) => Promise<T>,
): Promise<T> {
  let had = false;
  try {
    return await useWithBase(models, { model: ref, base: taught?.base ?? null }, priority, (model, sent) => {
      had = true;
      return work(model, sent);
    });
  } catch (error) {
    throw had ? error : new ModelUnusable(error, 'here');
  }
}

function failedRow(row: number, error: unknown): SignedRow {
  const code = error instanceof ReptraceError ? error.code : 'INTERNAL';
  return { row, code, reason: reasonOf(error) };
}

function rowTooLarge(bytes: number, limit: number): ReptraceError {
  return new ReptraceError(
    'REQUEST_TOO_LARGE',
    `the signature of one row has ${bytes} bytes; the bus takes at most ${limit}`,
    'Name fewer layers, or let the bus take more (max_payload of NATS).',
  );
}
