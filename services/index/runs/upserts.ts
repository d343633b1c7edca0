/**
 * Writes points to the store, those of all reports that came meanwhile at once: stores like few large writes. While the store
 * is away it is tried again; what is waiting then is bounded by the tasks that are out.
 */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { ReptraceError } from '../../../lib/errors.ts';
import type { SamplePoint, SignatureStore } from '../stores/signature-store.ts';
import { patiently, type Patience } from './patience.ts';

/** Points of one write. */
const MAX_POINTS = 2048;

export interface UpsertOptions {
  readonly index: string;
  readonly store: SignatureStore;
  readonly patience: Patience;
  /** A report waits no longer than this for a store that is away, so that its sender gets a named error in time. */
  readonly reportMs: number;
  /** Told once, when the points cannot be written: the run is over. */
  readonly onGivenUp: (error: unknown) => void;
}

interface Waiting {
  readonly points: readonly SamplePoint[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Upserts {
  readonly #options: UpsertOptions;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #trouble: ReptraceError | null = null;

  constructor(options: UpsertOptions) {
    const onWait = (error: ReptraceError): void => {
      this.#trouble = error;
      options.patience.onWait(error);
    };
    const onBack = (): void => {
      this.#trouble = null;
      options.patience.onBack();
    };
    this.#options = { ...options, patience: { ...options.patience, onWait, onBack } };
  }

  /** Whether the store is away, as far as known: what fails meanwhile is not to blame. */
  get troubled(): boolean {
    return this.#trouble !== null;
  }

  /** Resolves when the store has the points. Throws what the store throws; STORE_UNREACHABLE after `reportMs`. */
  async add(points: readonly SamplePoint[]): Promise<void> {
    if (points.length === 0) return;
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ points, resolve, reject });
    });
    this.#writing ??= this.#write();
    const timer = new AbortController();
    try {
      await Promise.race([written, this.#troubleAfter(timer.signal)]);
    } finally {
      timer.abort();
    }
  }

  /** Resolves when nothing is being written, and whoever waited for it has heard. */
  async idle(): Promise<void> {
    await this.#writing;
    await turn();
  }

  async #troubleAfter(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#options.reportMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      if (this.#trouble !== null) throw this.#trouble;
    }
  }

  async #write(): Promise<void> {
    // Not within `add`, which still has to note that writing has begun.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        // The last of a row counts; the store sees each id once.
        const points = [...new Map(batch.flatMap((entry) => entry.points).map((p) => [p.id, p])).values()];
        const { index, store, patience } = this.#options;
        await patiently(() => store.upsert(index, points), patience);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.#fail(batch, error);
      }
    }
    this.#writing = undefined;
  }

  #take(): Waiting[] {
    let points = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      if (count > 0 && points + entry.points.length > MAX_POINTS) break;
      points += entry.points.length;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #fail(batch: readonly Waiting[], error: unknown): void {
    for (const { reject } of batch) reject(error);
    const { patience, onGivenUp } = this.#options;
    if (!patience.signal.aborted) onGivenUp(error);
  }
}
