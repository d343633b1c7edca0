/**
 * Takes batches of rows from the work queue, signs them and reports them. A task ends when the index service has all of it;
 * until then it belongs to the queue, and any worker that dies or closes leaves it there.
 *
 * What fails a row is reported with the row. What fails this worker gives the task back. What no worker can do is reported as
 * impossible, and fails the build.
 */
import { randomUUID } from 'node:crypto';
import { pause } from '../../../lib/bus/bounded.ts';
import type { Bus, Closable, Task, WorkQueue } from '../../../lib/bus/bus.ts';
import { decode } from '../../../lib/bus/wire.ts';
import { reasonOf, ReptraceError, type ErrorCode } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { MAX_DELIVERIES, SIGN_QUEUE, type SignTask } from '../../../lib/mesh/compute-messages.ts';
import type { GpuKeeper } from './gpu-keeper.ts';
import type { LoadedModels } from './loaded-models.ts';
import { answerWhoHas, modelsKey, someoneHas, type NeededModels } from './model-holders.ts';
import { ModelUnusable, signRows } from './sign-rows.ts';
import { sendReport } from './sign-reports.ts';

/** One computes while the other renders its rows or reports them. */
const CONCURRENCY = 2;
/** Deliveries after which a task is dropped: nobody has wanted its rows for long, and a build that goes on asks again. */
const MAX_TRIES = 20;
/** How long a worker without the model holds a task before it lets go of it, so that others get it first. */
const WITHOUT_MODEL_MS = 500;

/** Failures of this worker or its surroundings: another time or place may do. */
const NOT_THE_MODEL: ReadonlySet<ErrorCode> = new Set([
  'ADAPTER_NOT_FOUND',
  'BUS_UNREACHABLE',
  'CANCELLED',
  'CONFLICT',
  'DEVICE_LOST',
  'DISK_FULL',
  'GPU_REFUSED',
  'INTERNAL',
  'STORE_UNREACHABLE',
  'TIMEOUT',
]);

interface Parts {
  readonly bus: Bus;
  readonly models: LoadedModels;
  readonly keeper: GpuKeeper;
  readonly log: Log;
}

/** Closing it gives unfinished tasks back, after two seconds at most. */
export async function startSignWorker(parts: Parts): Promise<Closable> {
  const worker = new SignWorker(parts, await parts.bus.queue(SIGN_QUEUE));
  try {
    await worker.start();
    return worker;
  } catch (error) {
    await worker.close();
    throw error;
  }
}

class SignWorker implements Closable {
  readonly #parts: Parts;
  readonly #queue: WorkQueue;
  readonly #opened: Closable[] = [];
  /** Keys of models that are of no use here at present, too large for this GPU, say. */
  readonly #unusable = new Set<string>();

  constructor(parts: Parts, queue: WorkQueue) {
    this.#parts = parts;
    this.#queue = queue;
  }

  async start(): Promise<void> {
    const { bus, models } = this.#parts;
    const has = async (needed: NeededModels): Promise<boolean> => {
      await findAll(models, needed);
      return !this.#unusable.has(modelsKey(needed));
    };
    this.#opened.push(await answerWhoHas(bus, has));
    const onFailure = (task: Task, error: unknown): void => {
      this.#failed(task, error);
    };
    this.#opened.push(
      await this.#queue.consume((task) => this.#run(task), { concurrency: CONCURRENCY, onFailure }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((opened) => opened.close()));
  }

  #failed({ id, topic, delivery }: Task, error: unknown): void {
    const { keeper, log } = this.#parts;
    const code = error instanceof ReptraceError ? error.code : 'INTERNAL';
    const level = code === 'CANCELLED' ? 'debug' : 'warn';
    log[level]({ task: id, index: topic, delivery, code }, `a task is given back: ${reasonOf(error)}`);
    if (code === 'INTERNAL' && error instanceof Error)
      log.error({ task: id, err: error }, 'an unexpected failure');
    if (keeper.failure === undefined || this.#opened.length === 0) return;
    log.error({ code: keeper.failure.code }, 'without a GPU this worker takes no more tasks');
    this.close().catch((fault: unknown) => {
      log.error({ err: fault }, 'the consumer of tasks could not be closed');
    });
  }

  async #run(task: Task): Promise<void> {
    const { bus, models, log } = this.#parts;
    const { delivery, id, topic, signal } = task;
    if (delivery > MAX_TRIES) {
      log.error({ task: id, index: topic, delivery }, 'a task is dropped: it was handed out too often');
      return;
    }
    const work = decode<SignTask>(task.payload);
    const { index } = work;
    if (delivery > 1) {
      // Before anything is computed again: is there still somebody who wants it?
      const goesOn = await sendReport(bus, index, { kind: 'signed', rows: [] }, signal);
      if (!goesOn) return;
    }
    try {
      if (delivery > MAX_DELIVERIES) {
        await this.#requireModel(work);
        log.warn({ task: id, index, rows: work.rows.length }, 'a task that failed too often is split');
        const rows = work.rows.map(({ row }) => row);
        await sendReport(bus, index, { kind: 'split', task: id, rows }, signal);
        return;
      }
      await signRows(bus, models, work, signal);
      this.#unusable.delete(modelsKey(neededBy(work)));
    } catch (error) {
      if (!(error instanceof ModelUnusable)) throw error;
      await this.#withoutModel(task, work, error);
    }
  }

  async #requireModel(task: SignTask): Promise<void> {
    try {
      await findAll(this.#parts.models, neededBy(task));
    } catch (error) {
      throw new ModelUnusable(error, 'here');
    }
  }

  /** Leaves the task to workers that have the model, and its base where one is needed; when there are none, the build cannot go on. */
  async #withoutModel(task: Task, work: SignTask, { reason, where }: ModelUnusable): Promise<void> {
    const { bus, log } = this.#parts;
    const { index } = work;
    if (!(reason instanceof ReptraceError) || NOT_THE_MODEL.has(reason.code)) throw reason;
    const { code, message, remedy } = reason;
    log.warn({ task: task.id, index, code }, `this worker cannot sign with the model: ${message}`);
    if (where === 'here') {
      const needed = neededBy(work);
      this.#unusable.add(modelsKey(needed));
      await pause(WITHOUT_MODEL_MS * task.delivery, task.signal);
      task.signal.throwIfAborted();
      if (await someoneHas(bus, needed, task.signal)) {
        // As a new task: deliveries to workers without the model say nothing against its rows.
        await this.#queue.add(task.topic, `${task.id.slice(0, 200)}-${randomUUID()}`, task.payload);
        return;
      }
      if (task.delivery < MAX_DELIVERIES) throw reason;
    }
    log.error({ index, code }, 'no worker can sign with the model: the build is told so');
    await sendReport(bus, index, { kind: 'impossible', code, message, remedy }, task.signal);
  }
}

function neededBy({ model, taught }: SignTask): NeededModels {
  return { model, base: taught?.base ?? null };
}

/** Throws where one of them is not here. */
async function findAll(models: LoadedModels, { model, base }: NeededModels): Promise<void> {
  await models.find(model);
  if (base !== null) await models.find(base);
}
