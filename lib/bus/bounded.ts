/** Waiting that ends: for some work, but not for ever, and not once it was called off. */
import { setMaxListeners } from 'node:events';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import type { Closable } from './bus.ts';

export interface Bounds {
  readonly timeoutMs: number;
  /** The error when time is up. */
  readonly late: () => Error;
  /** What else ends the waiting, each with its error. */
  readonly unless?: readonly CallOff[] | undefined;
}

export interface CallOff {
  readonly signal: AbortSignal | undefined;
  readonly error: () => Error;
}

/** Node fires a longer timer at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The first of the work's outcome, a time-out and a call-off. How the work ends after that is nobody's concern. */
export async function bounded<T>(work: Promise<T>, { timeoutMs, late, unless = [] }: Bounds): Promise<T> {
  const undo: (() => void)[] = [];
  const called = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(
      () => {
        reject(late());
      },
      Math.min(Math.max(timeoutMs, 0), LONGEST_TIMER),
    );
    undo.push(() => {
      clearTimeout(timer);
    });
    for (const { signal, error } of unless) {
      const callOff = (): void => {
        reject(error());
      };
      if (signal === undefined) continue;
      // Many may wait on one signal: that is no leak, since each stops listening when it has waited enough.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', callOff);
      undo.push(() => {
        signal.removeEventListener('abort', callOff);
      });
      if (signal.aborted) callOff();
    }
  });
  try {
    return await Promise.race([called, work]);
  } finally {
    for (const step of undo) step();
  }
}

/** Resolves when the work has ended, however it did. */
export async function ended(work: Promise<unknown>): Promise<void> {
  await work.then(
    () => undefined,
    () => undefined,
  );
}

/** Resolves when the work has ended, however it did, or time is up. For closing, where nobody is left to tell. */
export async function endedWithin(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([ended(work), time]);
  clearTimeout(timer);
}

/** Resolves after that time, or at once when the signal fires. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await ended(setTimeoutPromise(milliseconds, undefined, { signal }));
}

/** A close() that does its work once, however often it is called. */
export function closeOnce(close: () => Promise<void>): Closable {
  let closing: Promise<void> | undefined;
  return { close: () => (closing ??= close()) };
}
