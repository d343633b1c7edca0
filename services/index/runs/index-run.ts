/**
 * One run of a build, from its record to its end: the index prepared, every row that the store lacks sent to the workers,
 * what they bring stored and counted. It holds the record's lease while it works. However it ends, another run can go on from
 * what the store has.
 */
import type { Bus, Closable } from '../../../lib/bus/bus.ts';
import { serve } from '../../../lib/bus/procedure.ts';
import { ReptraceError, reasonOf } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { SIGN_QUEUE } from '../../../lib/mesh/compute-messages.ts';
import { reportSigned, type SignReport } from '../../../lib/mesh/index-messages.ts';
import type { StoredRecord } from '../../../lib/records/records.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import { measureRecalls, type Recalls } from '../search/measure-recalls.ts';
import type { CollectionShape, SignatureStore } from '../stores/signature-store.ts';
import { checkDataset } from './check-dataset.ts';
import { nothingSigned, recordFailure, releaseRecord, settleRecord } from './endings.ts';
import { feed } from './feed.ts';
import { findLost } from './find-lost.ts';
import { HeldRecord } from './held-record.ts';
import { shapeOf, type IndexRecord } from './index-record.ts';
import type { IndexRecords } from './index-records.ts';
import { LEASE_MS, newLease, RENEW_MS, type Owner } from './lease.ts';
import { completed, isWorking, running } from './life.ts';
import { prepare } from './prepare.ts';
import { ReportDesk } from './report-desk.ts';
import { readStanding } from './standing.ts';
import { Stopped } from './stopped.ts';
import { Tally } from './tally.ts';
import { TaskSender } from './task-sender.ts';
import type { Timing } from './timing.ts';
import { Upserts } from './upserts.ts';
import { Waiting } from './waiting.ts';

export interface RunParts {
  readonly bus: Bus;
  readonly store: SignatureStore;
  readonly records: IndexRecords;
  readonly log: Log;
  readonly owner: Owner;
  readonly timing: Timing;
}

export interface RunOptions {
  /** An earlier run was cut off: what it learnt still holds, if the dataset is still the same. */
  readonly takenOver: boolean;
  /** Resolves when an earlier run of this index no longer answers reports. */
  readonly after: Promise<void>;
}

export class IndexRun {
  readonly id: string;
  /** Resolves when the run has ended and its record says so, as far as it could be written. Never rejects. */
  readonly ended: Promise<void>;
  readonly #parts: RunParts;
  readonly #held: HeldRecord;
  readonly #tally: Tally;
  readonly #log: Log;
  readonly #abort = new AbortController();
  #stopped: Stopped | undefined;
  readonly #waiting: Waiting;
  #server: Closable | undefined;
  #sender: TaskSender | undefined;
  #upserts: Upserts | undefined;
  #writing = false;
  #over = false;
  #lost = false;
  #ticking: Promise<void> = Promise.resolve();

  /** @param stored a record whose lease is the owner's */
  constructor(parts: RunParts, stored: StoredRecord<IndexRecord>, options: RunOptions) {
    this.id = stored.value.id;
    this.#parts = parts;
    this.#held = new HeldRecord(parts.records, parts.owner, stored);
    this.#tally = new Tally(stored.value.dataset.rows);
    this.#log = parts.log.child({ index: this.id, name: stored.value.name });
    this.#waiting = new Waiting({
      ...{ signal: this.#abort.signal, limitMs: parts.timing.patienceMs, log: this.#log },
      onChange: () => {
        this.#tally.touch();
      },
    });
    this.ended = this.#run(options);
  }

  get stopping(): boolean {
    return this.#abort.signal.aborted;
  }

  get over(): boolean {
    return this.#over;
  }

  /** The work stops soon; `ended` tells when. */
  stop(kind: 'closing' | 'lost'): void {
    this.#stopFor(new Stopped(kind));
  }

  /** Somebody else wrote to the record: stops unless it is still this run's. */
  async check(): Promise<void> {
    if (this.#over) return;
    await this.#held.check().catch((error: unknown) => {
      this.#stopFor(error);
    });
  }

  /** No longer answers late reports. To be called when the run has ended. */
  async leave(): Promise<void> {
    await this.#server?.close();
  }

  async #run({ takenOver, after }: RunOptions): Promise<void> {
    const ticker = setInterval(() => {
      if (!this.#writing && !this.stopping) this.#ticking = this.#tick();
    }, this.#parts.timing.progressMs);
    try {
      await after;
      await this.#work(takenOver);
      const recalls = await this.#waiting.patiently(() => measureRecalls(this.#parts, this.#held.current));
      clearInterval(ticker);
      await this.#ticking;
      await this.#waiting.patiently(() => this.#complete(recalls));
      this.#log.info(this.#tally.progress(), 'index built');
    } catch (error) {
      clearInterval(ticker);
      // From here on no report is taken, so that what the record says of the rows stays true.
      const stopped = this.#stopFor(error);
      await this.#ticking;
      await this.#end(stopped);
    }
    await this.#clearTasks();
    this.#over = true;
  }

  async #work(takenOver: boolean): Promise<void> {
    const { bus, store, records } = this.#parts;
    const { signal } = this.#abort;
    await this.#write();
    if (takenOver) await checkDataset(this.#held.current, true);
    const { dataset: scanned, request } = this.#held.current;
    const dataset = await openDataset(scanned.path, { resolved: scanned.columns });
    const expected = { digest: scanned.digest, bytes: scanned.bytes };
    const [held, waiting, log] = [this.#held, this.#waiting, this.#log];
    await prepare({ bus, records, dataset, signal, held, log, waiting });
    const shape = shapeOf(this.#held.current);
    await this.#waiting.patiently(() => store.create(this.id, shape));
    await this.#waiting.patiently(() => readStanding(this.#tally, this.#parts, this.id, takenOver));
    const queue = await this.#waiting.patiently(() => bus.queue(SIGN_QUEUE));
    const sender = new TaskSender(queue, this.#held.current);
    this.#sender = sender;
    await this.#waiting.patiently(() => sender.clear());
    await this.#openDesk(shape, sender);
    await this.#write();
    const send = (rows: Parameters<TaskSender['send']>[0]): Promise<void> =>
      this.#waiting.patiently(() => sender.send(rows));
    const tally = this.#tally;
    const { maxTokens } = request;
    await feed({ dataset, expected, maxTokens, maxPayload: bus.maxPayload, tally, sender, send, signal });
    await sender.flights.fewerThan(1, signal);
  }

  async #openDesk(shape: CollectionShape, sender: TaskSender): Promise<void> {
    const { bus, store, timing } = this.#parts;
    this.#upserts = new Upserts({
      index: this.id,
      store,
      patience: this.#waiting.patience,
      reportMs: timing.reportMs,
      onGivenUp: (error) => {
        this.#stopFor(error);
      },
    });
    const desk = new ReportDesk({
      record: this.#held.current,
      shape,
      tally: this.#tally,
      sender,
      upserts: this.#upserts,
      onImpossible: (error) => {
        this.#stopFor(error);
      },
    });
    const answer = (report: SignReport) => this.#answer(desk, report);
    this.#server = await this.#waiting.patiently(() => serve(bus, reportSigned(this.id), answer));
  }

  async #answer(desk: ReportDesk, report: SignReport): Promise<{ readonly goOn: boolean }> {
    // After its lease another run may have begun, that waits for these rows.
    const leased = Date.now() - this.#held.writtenAt < LEASE_MS;
    if (leased && !this.stopping && !this.#over) {
      try {
        await desk.take(report);
        return { goOn: true };
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
      }
    }
    const life = (await this.#parts.records.get(this.id))?.value.life;
    if (life === undefined || !isWorking(life)) return { goOn: false };
    throw new ReptraceError(
      'SERVICE_UNAVAILABLE',
      `the run of index ${this.id} is being handed over`,
      'Bring the report again shortly.',
    );
  }

  /** Never rejects. */
  async #tick(): Promise<void> {
    this.#writing = true;
    try {
      const due = Date.now() - this.#held.writtenAt > RENEW_MS;
      if (this.#tally.takeChanged() || due) await this.#write();
      const sender = this.#sender;
      if (sender !== undefined && Date.now() - sender.lastSign > this.#parts.timing.silenceMs) {
        sender.heard();
        const { store, records } = this.#parts;
        const lost = { index: this.id, store, records, tally: this.#tally, sender, log: this.#log };
        await this.#waiting.patiently(() => findLost(lost));
      }
    } catch (error) {
      this.#stopFor(error);
    } finally {
      this.#writing = false;
    }
  }

  /** Progress and lease. */
  async #write(): Promise<void> {
    await this.#waiting.patiently(async () => {
      await this.#saveFailures();
      await this.#held.write(({ life }) => ({
        life: running(life, newLease(this.#parts.owner), this.#waiting.what),
        // Until the rows are counted, what the record says is better.
        ...(this.#sender !== undefined && { progress: this.#tally.progress() }),
      }));
    });
  }

  async #complete(recalls: Recalls): Promise<void> {
    await this.#saveFailures();
    const progress = this.#tally.progress();
    if (progress.done === 0 && progress.failed > 0)
      throw nothingSigned(progress, this.#tally.failures.list());
    await this.#held.write(({ life }) => ({ life: completed(life), progress, ...recalls }));
  }

  async #saveFailures(): Promise<void> {
    await this.#tally.failures.save((failures) => this.#parts.records.putFailures(this.id, failures));
  }

  /** Gives why it stops: the first reason stays. */
  #stopFor(error: unknown): Stopped {
    this.#stopped ??= error instanceof Stopped ? error : new Stopped('failed', error);
    this.#abort.abort(this.#stopped);
    return this.#stopped;
  }

  async #end({ kind, cause }: Stopped): Promise<void> {
    const { records } = this.#parts;
    const ending = { held: this.#held, records, tally: this.#tally, begun: this.#sender !== undefined };
    this.#lost = kind === 'lost';
    // What is on its way to the store counts.
    await this.#upserts?.idle();
    try {
      if (kind === 'closing') await releaseRecord(ending);
      else if (kind === 'lost') await settleRecord(ending);
      else await recordFailure(ending, cause);
    } catch (error) {
      this.#lost ||= error instanceof Stopped;
      if (!this.#lost) this.#log.error({ reason: reasonOf(error) }, 'the end of the run could not be stored');
    }
  }

  async #clearTasks(): Promise<void> {
    // A run that lost its record may have lost it to another run, whose tasks these would be.
    if (this.#lost) return;
    try {
      await this.#sender?.clear();
    } catch (error) {
      this.#log.warn({ reason: reasonOf(error) }, 'tasks of the ended run could not be cleared');
    }
  }
}
