/** Rows on their way to the workers: as tasks in the queue, a bounded number of them at a time. */
import type { WorkQueue } from '../../../lib/bus/bus.ts';
import { encode } from '../../../lib/bus/wire.ts';
import { textPair, type SignTask } from '../../../lib/mesh/compute-messages.ts';
import { taughtSetup } from '../../../lib/mesh/index-messages.ts';
import type { DatasetRow } from '../datasets/dataset.ts';
import { Flights } from './flights.ts';
import { manifestOf, type IndexRecord } from './index-record.ts';

/** Tasks that are out at a time: enough for several workers, few enough to hold their texts. */
export const MAX_TASKS = 8;

export class TaskSender {
  readonly flights = new Flights();
  readonly #queue: WorkQueue;
  readonly #task: Omit<SignTask, 'rows'>;
  readonly #prefix: string;
  #count = 0;
  #lastSign = Date.now();

  /** @param record of a prepared index */
  constructor(queue: WorkQueue, record: IndexRecord) {
    this.#queue = queue;
    this.#task = taskOf(record);
    this.#prefix = `${record.id}-${record.attempt}`;
  }

  /** ms since 1970 of the last sign of life: a task sent, or a report. */
  get lastSign(): number {
    return this.#lastSign;
  }

  heard(): void {
    this.#lastSign = Date.now();
  }

  /** Throws what the queue throws; the rows are out all the same, for `resend`. */
  async send(rows: readonly DatasetRow[]): Promise<void> {
    const id = `${this.#prefix}-${++this.#count}`;
    this.flights.add(id, rows);
    this.#lastSign = Date.now();
    const texts = rows.map((row) => ({ row: row.row, ...textPair(row) }));
    const task: SignTask = { ...this.#task, rows: texts };
    await this.#queue.add(this.#task.index, id, encode(task));
  }

  /** Whether tasks are out, and the queue has none of them. */
  async hasLost(): Promise<boolean> {
    return this.flights.size > 0 && (await this.#queue.size(this.#task.index)) === 0;
  }

  /** Sends everything that is out again. Gives how many tasks that were. */
  async resend(): Promise<number> {
    const lost = this.flights.rows();
    for (const rows of lost) await this.send(rows);
    return lost.length;
  }

  /** Forgets the tasks that nobody works on. */
  async clear(): Promise<void> {
    await this.#queue.clear(this.#task.index);
  }
}

function taskOf(record: IndexRecord): Omit<SignTask, 'rows'> {
  const { id, model, request } = record;
  const manifest = manifestOf(record);
  return {
    ...{ index: id, precision: model.precision },
    model: { digest: model.digest, path: model.path, adapter: model.loraPath ?? undefined },
    layers: manifest?.layers.layers ?? [],
    maxTokens: request.maxTokens,
    taught: manifest === null || manifest.taught === null ? null : taughtSetup(manifest.taught),
  };
}
