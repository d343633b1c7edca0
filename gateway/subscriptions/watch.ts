/**
 * One client's subscription: looks, again and again, until what it watches has ended or the client is gone. Hints may be lost and
 * looks may fail; what was sent is never sent again, and never taken back.
 */
import type { FormattedExecutionResult } from 'graphql';
import type { Bus, Closable } from '../../lib/bus/bus.ts';
import { reasonOf, type ErrorCode } from '../../lib/errors.ts';
import { formatted } from '../../lib/http/public-error.ts';
import type { Log } from '../../lib/log.ts';
import type { Execute, Operation } from '../executor.ts';
import type { Look } from './look.ts';
import { Pace } from './pace.ts';

export interface WatchParts {
  readonly execute: Execute;
  readonly bus: Bus;
  readonly log: Log;
}

export type Result = FormattedExecutionResult;

/** A look each quarter of a second is as much as anyone can watch. */
const LEAST_MS = 250;
const WITHOUT_HINTS_MS = 1000;
/** After the first failed look; doubled with each further one. */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 8000;
/** Errors that pass: the stream goes on when they have. */
const PASSING: ReadonlySet<unknown> = new Set<ErrorCode>([
  'BUS_UNREACHABLE',
  'SERVICE_UNAVAILABLE',
  'STORE_UNREACHABLE',
  'TIMEOUT',
]);

/** `return` ends it at once, also in the middle of a look, and leaves no listener and no timer. */
export function watch(look: Look, parts: WatchParts): AsyncGenerator<Result, void, void> {
  const gone = new AbortController();
  const events = new Watch(look, parts, gone.signal).events();
  const end = (): Promise<IteratorResult<Result, void>> => {
    // A generator that is waiting would hear of its return only when the waiting is over.
    gone.abort();
    return events.return();
  };
  return {
    next: () => events.next(),
    return: end,
    throw: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

class Watch {
  readonly #look: Look;
  readonly #parts: WatchParts;
  readonly #gone: AbortSignal;
  readonly #pace = new Pace({ leastMs: LEAST_MS });
  /** Looks that have failed since the last one that did not. */
  #failures = 0;

  constructor(look: Look, parts: WatchParts, gone: AbortSignal) {
    this.#look = look;
    this.#parts = parts;
    this.#gone = gone;
  }

  async *events(): AsyncGenerator<Result, void, void> {
    const id = yield* this.#find();
    if (id === undefined) return;
    // Before the first look, so that nothing falls between the two.
    const listener = await this.#listen(id);
    try {
      yield* this.#looks(id);
    } finally {
      await listener?.close();
    }
  }

  async *#looks(id: string): AsyncGenerator<Result, void, void> {
    const { request, read, stream, key } = this.#look;
    for (let after = this.#look.after; ;) {
      const answer = await this.#ask(request(id, after));
      if (answer === undefined) return;
      const seen = read(answer);
      if (seen.kind === 'failed') {
        const goOn = yield* this.#fail(seen.errors);
        if (!goOn) return;
        continue;
      }
      this.#failures = 0;
      if (seen.kind === 'gone') yield failure(stream.unknownKey(key));
      if (seen.kind === 'gone' || seen.kind === 'left out') return;
      if (seen.kind === 'event') {
        const hasEnded = stream.endStates.has(seen.state);
        yield seen.result;
        if (hasEnded) return;
        after = seen.cursor;
      }
      await this.#pace.next(WITHOUT_HINTS_MS, this.#gone);
    }
  }

  /** The id of what is watched; undefined when the stream has ended instead. */
  async *#find(): AsyncGenerator<Result, string | undefined, void> {
    const { stream, key } = this.#look;
    for (;;) {
      const query = `query Find($key: ID!) { found: ${stream.keyField}(id: $key) { id } }`;
      const answer = await this.#ask({ query, variables: { key } });
      if (answer === undefined) return undefined;
      const found = answer.data?.['found'] as { readonly id: string } | null | undefined;
      if (found) {
        this.#failures = 0;
        return found.id;
      }
      // The client asked for no such field: only what is wrong is its business.
      const errors = answer.errors?.map(({ message, extensions }) => ({
        message,
        ...(extensions && { extensions }),
      }));
      const goOn = yield* this.#fail(errors ?? [formatted(stream.unknownKey(key))]);
      if (!goOn) return undefined;
    }
  }

  /** Told once an outage, however often it is looked in vain; false: this does not pass. */
  async *#fail(errors: NonNullable<Result['errors']>): AsyncGenerator<Result, boolean, void> {
    const passes = errors.every(({ extensions }) => PASSING.has(extensions?.['code']));
    if (!passes || this.#failures === 0) yield { data: null, errors };
    if (!passes) return false;
    const waitMs = Math.min(RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS);
    this.#failures++;
    await this.#pace.next(waitMs, this.#gone);
    return !this.#gone.aborted;
  }

  /** Undefined when the client is gone, also while the answer is on its way. */
  async #ask(operation: Operation): Promise<Result | undefined> {
    const { execute } = this.#parts;
    const gone = this.#gone;
    if (gone.aborted) return undefined;
    this.#pace.begin();
    let leave: () => void = () => undefined;
    const left = new Promise<undefined>((resolve) => {
      leave = () => {
        resolve(undefined);
      };
      gone.addEventListener('abort', leave);
    });
    try {
      return await Promise.race([execute(operation), left]);
    } finally {
      gone.removeEventListener('abort', leave);
    }
  }

  /** Without hints, it still looks once a second. */
  async #listen(id: string): Promise<Closable | undefined> {
    const { bus, log } = this.#parts;
    try {
      return await bus.listen(this.#look.stream.subject(id), () => {
        this.#pace.hint();
      });
    } catch (error) {
      log.warn(
        { reason: reasonOf(error) },
        'a subscription goes without hints: the bus cannot be listened to',
      );
      return undefined;
    }
  }
}

function failure(error: Parameters<typeof formatted>[0]): Result {
  return { data: null, errors: [formatted(error)] };
}
