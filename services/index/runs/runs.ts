/** The runs of this process: started, taken over from processes that are gone, stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../../lib/errors.ts';
import type { StoredRecord } from '../../../lib/records/records.ts';
import type { IndexRecord } from './index-record.ts';
import { IndexRun, type RunParts } from './index-run.ts';
import { holds, isFree, newLease } from './lease.ts';
import { isWorking, running } from './life.ts';

/** How long closing waits for runs to hand over. */
const CLOSING_MS = 1_500;

export class Runs {
  readonly #parts: RunParts;
  /** Also those that have ended and still answer late reports. */
  readonly #runs = new Map<string, IndexRun>();
  #sweeper: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  /** Looks for builds that nobody runs, now and from now on. */
  open(): void {
    const sweep = (): void => {
      this.#sweeping = this.#sweep().finally(() => {
        if (!this.#closed) this.#sweeper = setTimeout(sweep, this.#parts.timing.sweepMs).unref();
      });
    };
    sweep();
  }

  /** @param stored a record whose lease this process has */
  start(stored: StoredRecord<IndexRecord>, takenOver = false): void {
    const { id, name } = stored.value;
    const before = this.#runs.get(id);
    const after = before?.ended.then(() => before.leave()) ?? Promise.resolve();
    const run = new IndexRun(this.#parts, stored, { takenOver, after });
    this.#runs.set(id, run);
    // A build that was asked for while the service closed: its record is left for others.
    if (this.#closed) run.stop('closing');
    this.#parts.log.info({ index: id, indexName: name, takenOver }, 'run started');
    void run.ended.then(() => {
      setTimeout(() => void this.#forget(run), this.#parts.timing.lingerMs).unref();
    });
  }

  /** The record was written by somebody else: a run that it ends has ended when this resolves. */
  async recordChanged(id: string): Promise<void> {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    await run.check();
    if (run.stopping) await run.ended;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#sweeper);
    for (const run of this.#runs.values()) run.stop('closing');
    const ended = [...this.#runs.values()].map((run) => run.ended.then(() => run.leave()));
    await Promise.race([
      Promise.all([this.#sweeping, ...ended]),
      sleep(CLOSING_MS, undefined, { ref: false }),
    ]);
  }

  async #forget(run: IndexRun): Promise<void> {
    if (this.#runs.get(run.id) === run) this.#runs.delete(run.id);
    await run.leave().catch((error: unknown) => {
      this.#parts.log.warn({ index: run.id, reason: reasonOf(error) }, 'reports could not be left');
    });
  }

  async #sweep(): Promise<void> {
    try {
      await this.#parts.records.saveUnsaved();
      for (const { id, life } of await this.#parts.records.all()) {
        if (this.#closed) return;
        if (isWorking(life) && isFree(life.lease, this.#parts.owner) && this.#mayTake(id)) {
          await this.#takeOver(id);
        }
      }
    } catch (error) {
      this.#parts.log.warn({ reason: reasonOf(error) }, 'could not look for builds that nobody runs');
    }
  }

  #mayTake(id: string): boolean {
    const run = this.#runs.get(id);
    return run === undefined || run.over;
  }

  async #takeOver(id: string): Promise<void> {
    const { owner, records } = this.#parts;
    const stored = await records.change(id, ({ life, attempt }) =>
      isWorking(life) && isFree(life.lease, owner)
        ? { life: running(life, newLease(owner)), attempt: attempt + 1 }
        : null,
    );
    const { life } = stored.value;
    if (this.#closed || !isWorking(life) || !holds(life.lease, owner)) return;
    this.start(stored, true);
  }
}
