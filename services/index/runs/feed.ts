/** The dataset, row by row, into tasks: a window of rows is in memory at a time, and waits while enough tasks are out. */
import { encode } from '../../../lib/bus/wire.ts';
import type { BadRow, Dataset, DatasetRow, ExpectedBytes } from '../datasets/dataset.ts';
import { isBadRow } from '../datasets/dataset.ts';
import { bytesOf, groupRows, taskLimits } from './grouping.ts';
import type { RowFailure } from './index-record.ts';
import { placed } from './placed.ts';
import type { Tally } from './tally.ts';
import { MAX_TASKS, type TaskSender } from './task-sender.ts';

/** Rows that are sorted by length together, and the bytes that they may have. */
const WINDOW_ROWS = 2048;
const WINDOW_BYTES = 64 << 20;
/** For what a task has beside its rows, and an answer beside its hits and with each: numbers, and evidence of what it taught. */
const TASK_OVERHEAD = 6144;

export interface FeedOptions {
  readonly dataset: Dataset;
  readonly expected: ExpectedBytes;
  readonly maxTokens: number | null;
  readonly maxPayload: number;
  readonly tally: Tally;
  readonly sender: TaskSender;
  /** Sends a task, however long the bus is away. */
  readonly send: (rows: readonly DatasetRow[]) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Resolves when every open row has been sent. Throws DATASET_CHANGED, the signal's reason, and what `send` throws. */
export async function feed(options: FeedOptions): Promise<void> {
  const { dataset, expected, tally, sender, signal } = options;
  const limits = taskLimits(options.maxTokens, options.maxPayload);
  const mostBytes = options.maxPayload - TASK_OVERHEAD;
  let window: DatasetRow[] = [];
  let windowBytes = 0;

  async function flush(): Promise<void> {
    for (const rows of groupRows(window, limits)) {
      await sender.flights.fewerThan(MAX_TASKS, signal);
      await options.send(rows);
    }
    [window, windowBytes] = [[], 0];
  }

  for await (const row of dataset.rows(0, { expected })) {
    signal.throwIfAborted();
    if (isBadRow(row)) tally.fail(unreadable(row));
    else if (!tally.isOpen(row.row)) continue;
    else if (wholeBytes(row) > mostBytes) tally.fail(tooLarge(row, mostBytes));
    else {
      window.push(row);
      windowBytes += bytesOf(row);
      if (window.length >= WINDOW_ROWS || windowBytes >= WINDOW_BYTES) await flush();
    }
  }
  await flush();
}

/** As an answer to a search holds it; a worker is sent less. */
function wholeBytes(row: DatasetRow): number {
  return bytesOf(row) + encode({ label: row.label, metadata: row.metadata }).byteLength;
}

function unreadable({ row, line, reason }: BadRow): RowFailure {
  return { row, line, code: 'DATASET_INVALID', reason };
}

function tooLarge(row: DatasetRow, mostBytes: number): RowFailure {
  const reason = `the row has ${wholeBytes(row)} bytes; a message of the bus takes ${mostBytes}`;
  return { row: row.row, line: null, code: 'REQUEST_TOO_LARGE', reason: placed(row, reason) };
}
