/**
 * Traces by their ids: answered from the records when they were made before, joined when they are being made, made
 * otherwise. One that takes long becomes pending: it goes on, its question is recorded, and whoever asks for its id later,
 * of this process or the next, gets the answer.
 */
import type { Bus } from '../../../lib/bus/bus.ts';
import { call } from '../../../lib/bus/procedure.ts';
import { ReptraceError, type ErrorCode } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { identifyIndex, openIndex, type OpenIndex } from '../../../lib/mesh/index-messages.ts';
import type { Records } from '../../../lib/records/records.ts';
import { readQuestion, readTrace, type StoredQuestion, type StoredTraceBody } from './older-trace.ts';
import { closing, runTrace } from './run-trace.ts';
import { traceId } from './trace-id.ts';
import type { Trace, TraceQuestion } from './trace.ts';

export type TraceAnswer = Trace | { readonly pending: string };

type StoredTrace =
  | { readonly state: 'done'; readonly trace: StoredTraceBody }
  | { readonly state: 'pending'; readonly question: StoredQuestion }
  | {
      readonly state: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly remedy: string;
    };

interface TraceHead {
  readonly index: string;
  readonly createdAt: string;
}

const TRACES = 'traces';
/** The little that a list needs, beside bodies that may be large. */
const HEADS = 'trace-heads';
const TRACE_ID = /^[0-9a-f]{32}$/;
/** No index has a name of this form. */
const INDEX_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** No HTTP request holds a GPU: an answer that is not there by then is pending. */
export const WAIT_MS = 20_000;
const MAX_AT_WORK = 64;

export interface TracesOptions {
  readonly bus: Bus;
  readonly records: Records;
  readonly log: Log;
  readonly waitMs?: number;
}

export class Traces {
  readonly #bus: Bus;
  readonly #records: Records;
  readonly #log: Log;
  readonly #waitMs: number;
  readonly #atWork = new Map<string, Promise<Trace>>();
  readonly #ending = new AbortController();

  constructor({ bus, records, log, waitMs = WAIT_MS }: TracesOptions) {
    this.#bus = bus;
    this.#records = records;
    this.#log = log;
    this.#waitMs = waitMs;
  }

  /** Throws what keeps the question from being answered. */
  async ask(question: TraceQuestion): Promise<TraceAnswer> {
    const index = await this.#open(question);
    const id = traceId(index, question);
    const stored = (await this.#records.get<StoredTrace>(TRACES, id))?.value;
    if (stored?.state === 'done') return readTrace(stored.trace);
    return this.#waitFor(id, this.#work(id, index, question), question);
  }

  /** Throws TRACE_NOT_FOUND, and what a pending trace failed with. */
  async find(id: string): Promise<TraceAnswer> {
    const running = this.#atWork.get(id);
    if (running !== undefined) return this.#waitFor(id, running, undefined);
    const stored = TRACE_ID.test(id) ? (await this.#records.get<StoredTrace>(TRACES, id))?.value : undefined;
    switch (stored?.state) {
      case undefined:
        throw new ReptraceError(
          'TRACE_NOT_FOUND',
          `there is no trace ${JSON.stringify(id.slice(0, 100))}.`,
          'Ask traceBehavior again; `traces` lists those that are kept.',
        );
      case 'done':
        return readTrace(stored.trace);
      case 'failed':
        throw new ReptraceError(stored.code, stored.message, stored.remedy);
      case 'pending': {
        // The process that worked on it has ended.
        const question = readQuestion(stored.question);
        return this.#waitFor(id, this.#work(id, await this.#open(question), question), question);
      }
    }
  }

  /**
   * Newest first.
   * @param reference id or name of an index; null: of all. Throws INDEX_NOT_FOUND for a name; of an id the index may be gone
   */
  async list(reference: string | null, first: number): Promise<Trace[]> {
    const isName = reference !== null && !INDEX_ID.test(reference);
    const index = isName ? await this.#idOf(reference) : reference;
    const heads: (TraceHead & { readonly key: string })[] = [];
    for await (const { key, value } of this.#records.list<TraceHead>(HEADS)) {
      if (index === null || value.index === index) heads.push({ ...value, key });
    }
    heads.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    const stored = await Promise.all(
      heads.slice(0, first).map(({ key }) => this.#records.get<StoredTrace>(TRACES, key)),
    );
    return stored.flatMap((record) =>
      record?.value.state === 'done' ? [readTrace(record.value.trace)] : [],
    );
  }

  /** Gives up what is being made; a pending question stays recorded. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#atWork.values());
  }

  #open({ index }: TraceQuestion): Promise<OpenIndex> {
    return call(this.#bus, openIndex, { index }, { signal: this.#ending.signal });
  }

  /** Past traces count, so the index may be at work, and its dataset or model another by now. */
  async #idOf(name: string): Promise<string> {
    const { id } = await call(this.#bus, identifyIndex, { index: name }, { signal: this.#ending.signal });
    return id;
  }

  #work(id: string, index: OpenIndex, question: TraceQuestion): Promise<Trace> {
    const running = this.#atWork.get(id);
    if (running !== undefined) return running;
    if (this.#ending.signal.aborted) throw closing();
    if (this.#atWork.size >= MAX_AT_WORK) {
      throw new ReptraceError(
        'SERVICE_UNAVAILABLE',
        `${MAX_AT_WORK} traces are being made already.`,
        'Ask again in a moment.',
      );
    }
    const work = this.#make(id, index, question).finally(() => this.#atWork.delete(id));
    this.#atWork.set(id, work);
    return work;
  }

  async #make(id: string, index: OpenIndex, question: TraceQuestion): Promise<Trace> {
    const trace = await runTrace(this.#bus, id, index, question, this.#ending.signal);
    // The head comes last: what is listed is there.
    await this.#records.put(TRACES, id, { state: 'done', trace } satisfies StoredTrace);
    await this.#records.put(HEADS, id, {
      index: trace.index,
      createdAt: trace.createdAt,
    } satisfies TraceHead);
    return trace;
  }

  /** @param question recorded when the wait is over; undefined when it is recorded already */
  async #waitFor(
    id: string,
    work: Promise<Trace>,
    question: TraceQuestion | undefined,
  ): Promise<TraceAnswer> {
    const wait = new AbortController();
    const late = new Promise<undefined>((resolve) => {
      const timer = setTimeout(resolve, this.#waitMs, undefined);
      wait.signal.addEventListener('abort', () => {
        clearTimeout(timer);
      });
    });
    try {
      const trace = await Promise.race([work, late]);
      if (trace !== undefined) return trace;
    } finally {
      wait.abort();
    }
    if (question !== undefined) await this.#recordPending(id, work, question);
    return { pending: id };
  }

  async #recordPending(id: string, work: Promise<Trace>, question: TraceQuestion): Promise<void> {
    // Whoever asked has gone with "pending": a failure must be found by the id.
    work
      .catch((error: unknown) => this.#recordFailure(id, error))
      .catch((error: unknown) => {
        this.#log.error({ err: error, trace: id }, 'the failure of a pending trace could not be recorded');
      });
    const before = await this.#records.get<StoredTrace>(TRACES, id);
    if (before?.value.state === 'done') return;
    try {
      const pending: StoredTrace = { state: 'pending', question };
      await this.#records.put(TRACES, id, pending, before?.revision ?? 'absent');
    } catch (error) {
      // Answered, or failed, a moment ago: that record is the newer one.
      if (!(error instanceof ReptraceError && error.code === 'CONFLICT')) throw error;
    }
  }

  async #recordFailure(id: string, error: unknown): Promise<void> {
    if (this.#ending.signal.aborted) return;
    const { code, message, remedy } =
      error instanceof ReptraceError ? error : unexpected(this.#log, id, error);
    await this.#records.put(TRACES, id, { state: 'failed', code, message, remedy } satisfies StoredTrace);
  }
}

function unexpected(log: Log, id: string, error: unknown): ReptraceError {
  log.error({ err: error, trace: id }, 'a trace failed unexpectedly');
  return new ReptraceError('INTERNAL', 'the trace failed unexpectedly.', "See the reporting service's log.");
}
