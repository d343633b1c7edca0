/**
 * The life of an index, as a union of states and the steps between them. Pure: who stores the result is no matter here.
 *
 *   QUEUED ──▶ RUNNING ──▶ COMPLETED
 *     │           ├──────▶ FAILED ────┐
 *     └───────────┴──────▶ CANCELLED ─┴──▶ QUEUED (resumed, or built again)
 */
import { ReptraceError, type ErrorCode } from '../../../lib/errors.ts';
import type { Lease } from './lease.ts';

/** A ReptraceError as it is kept. */
export interface StoredFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
}

export type Life = Working | Ended;

export type Working =
  | { readonly state: 'QUEUED'; readonly lease: Lease | null }
  | {
      readonly state: 'RUNNING';
      /** null: nobody runs it; it is free to be taken over. */
      readonly lease: Lease | null;
      /** What it waits for, if for anything. */
      readonly waiting: StoredFailure | null;
    };

export type Ended =
  | { readonly state: 'CANCELLED' }
  | { readonly state: 'FAILED'; readonly error: StoredFailure }
  | { readonly state: 'COMPLETED' };

export function isWorking(life: Life): life is Working {
  return life.state === 'QUEUED' || life.state === 'RUNNING';
}

/** A build is asked for, or resumed. Only one at a time. Throws INDEX_BUSY. */
export function queued(life: Life, name: string, lease: Lease): Working {
  if (isWorking(life)) throw busy(name);
  return { state: 'QUEUED', lease };
}

/** The holder of the lease works on it, for the first time or after another. Throws CONFLICT when it has ended. */
export function running(life: Life, lease: Lease, waiting: StoredFailure | null = null): Working {
  mustWork(life);
  return { state: 'RUNNING', lease, waiting };
}

/** The holder goes, and whoever comes next may go on. Throws CONFLICT when it has ended. */
export function released(life: Life): Working {
  mustWork(life);
  return { ...life, lease: null };
}

/** What has ended stays as it is. */
export function cancelled(life: Life): Ended {
  return isWorking(life) ? { state: 'CANCELLED' } : life;
}

/** Throws CONFLICT when it has ended. */
export function failed(life: Life, error: ReptraceError): Ended {
  mustWork(life);
  return { state: 'FAILED', error: storedFailure(error) };
}

/** Throws CONFLICT when it has ended. */
export function completed(life: Life): Ended {
  mustWork(life);
  return { state: 'COMPLETED' };
}

export function storedFailure({ code, message, remedy }: ReptraceError): StoredFailure {
  return { code, message, remedy };
}

export function busy(name: string): ReptraceError {
  return new ReptraceError(
    'INDEX_BUSY',
    `the index ${JSON.stringify(name)} is being worked on`,
    'Wait until its build has ended, or cancel it first.',
  );
}

function mustWork(life: Life): asserts life is Working {
  if (isWorking(life)) return;
  throw new ReptraceError(
    'CONFLICT',
    `the build has ended already: it is ${life.state}`,
    'Look at the index again, and decide again.',
  );
}
