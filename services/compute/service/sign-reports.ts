/** Brings what was signed to the index service: in parts that the bus takes, one under way while the next batch computes. */
import { pause } from '../../../lib/bus/bounded.ts';
import type { Bus } from '../../../lib/bus/bus.ts';
import { call } from '../../../lib/bus/procedure.ts';
import { ReptraceError, type ErrorCode } from '../../../lib/errors.ts';
import { reportSigned, type SignedRow, type SignReport } from '../../../lib/mesh/index-messages.ts';

/** A build's index service may be starting again. */
const AWAY: ReadonlySet<ErrorCode> = new Set(['SERVICE_UNAVAILABLE', 'TIMEOUT', 'BUS_UNREACHABLE']);
/** How long it is waited for before the task is given back. */
const PATIENCE_MS = 60_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;
/** Rows are held back this long at most, so that little is lost with a worker, and few reports cost little. */
const HOLD_MS = 1_000;
/** Of a message apart from its rows, of a row apart from its layers, of a layer apart from its numbers. */
const MESSAGE_BYTES = 256;
const ROW_BYTES = 128;
const LAYER_BYTES = 64;

/** Bytes that a signed row takes on the bus, at most. @param lessonBytes of its packed lesson */
export function signedRowBytes(layers: number, hiddenSize: number, lessonBytes: number): number {
  return ROW_BYTES + layers * (LAYER_BYTES + 2 * hiddenSize * Float32Array.BYTES_PER_ELEMENT) + lessonBytes;
}

/** Bytes of rows that one report may have. */
export function reportRoom(bus: Bus): number {
  return bus.maxPayload - MESSAGE_BYTES;
}

/**
 * Whether the build goes on. Waits for an index service that is away.
 * Throws SERVICE_UNAVAILABLE, TIMEOUT, BUS_UNREACHABLE when it stays away, CANCELLED when the signal fires.
 */
export async function sendReport(
  bus: Bus,
  index: string,
  report: SignReport,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  const until = Date.now() + patienceMs;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      return (await call(bus, reportSigned(index), report, { signal })).goOn;
    } catch (error) {
      if (!(error instanceof ReptraceError) || !AWAY.has(error.code) || Date.now() + wait > until)
        throw error;
      await pause(wait, signal);
    }
  }
}

export class Reporter {
  readonly #bus: Bus;
  readonly #index: string;
  readonly #signal: AbortSignal;
  #rows: SignedRow[] = [];
  #bytes = 0;
  #sentAt = performance.now();
  #sending: Promise<void> = Promise.resolve();
  #goesOn = true;

  constructor(bus: Bus, index: string, signal: AbortSignal) {
    this.#bus = bus;
    this.#index = index;
    this.#signal = signal;
  }

  /** Whether the build goes on, as far as is known by now. Throws as `sendReport` does, of earlier rows too. */
  async add(rows: readonly SignedRow[]): Promise<boolean> {
    for (const row of rows) {
      const bytes = bytesOf(row);
      if (this.#rows.length > 0 && this.#bytes + bytes > reportRoom(this.#bus)) await this.#send();
      this.#rows.push(row);
      this.#bytes += bytes;
    }
    if (performance.now() - this.#sentAt > HOLD_MS) await this.#send();
    return this.#goesOn;
  }

  /** Resolves when all is reported. */
  async end(): Promise<void> {
    await this.#send();
    await this.#sending;
  }

  /** Waits for the report before, and starts this one. */
  async #send(): Promise<void> {
    await this.#sending;
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    this.#sentAt = performance.now();
    if (rows.length === 0 || !this.#goesOn) return;
    this.#sending = sendReport(this.#bus, this.#index, { kind: 'signed', rows }, this.#signal).then(
      (goesOn) => {
        this.#goesOn = goesOn;
      },
    );
    // Whoever waits for it next is told; until then it is nobody's rejection.
    this.#sending.catch(() => undefined);
  }
}

function bytesOf(row: SignedRow): number {
  return 'code' in row
    ? ROW_BYTES + Buffer.byteLength(row.reason)
    : signedRowBytes(row.layers.length, row.layers[0]?.hidden.length ?? 0, row.lesson?.length ?? 0);
}
