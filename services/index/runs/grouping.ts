/** Rows cut into tasks: alike in length, so that batches are full, and small enough for a worker and for the bus. */

import { textBytes, type TextPair } from '../../../lib/mesh/compute-messages.ts';

/** What a row costs to sign and to send. */
export type RowSize = Omit<TextPair, 'raw'>;

export interface TaskLimits {
  readonly characters: number;
  readonly rows: number;
  /** UTF-8 of the texts. */
  readonly bytes: number;
  /** Characters of a row beyond these are cut off by the worker, and cost nothing. */
  readonly charactersOfRow: number;
}

/** Of the text of a dataset, about. */
export const CHARACTERS_PER_TOKEN = 3.5;
/** The engine's batches have 2,048 tokens: some four of them a task, so that an uneven last one weighs little. */
const TASK_TOKENS = 8192;
const TASK_ROWS = 256;
/** For numbers and names around each row's texts. */
export const ROW_OVERHEAD = 64;

export function taskLimits(maxTokens: number | null, maxPayload: number): TaskLimits {
  return {
    characters: TASK_TOKENS * CHARACTERS_PER_TOKEN,
    rows: TASK_ROWS,
    bytes: Math.floor(maxPayload / 2),
    charactersOfRow: maxTokens === null ? Infinity : maxTokens * CHARACTERS_PER_TOKEN,
  };
}

export function bytesOf(row: RowSize): number {
  return textBytes(row) + ROW_OVERHEAD;
}

/** Every row is in one task; a task has at least one row, and of more rows none that takes it over a limit. */
export function groupRows<Row extends RowSize>(rows: readonly Row[], limits: TaskLimits): Row[][] {
  const length = (row: Row): number => Math.min(charactersOf(row), limits.charactersOfRow);
  const sorted = [...rows].sort((a, b) => length(a) - length(b));
  const tasks: Row[][] = [];
  let task: Row[] = [];
  let characters = 0;
  let bytes = 0;
  for (const row of sorted) {
    const more = bytesOf(row);
    const full =
      task.length === limits.rows ||
      characters + length(row) > limits.characters ||
      bytes + more > limits.bytes;
    if (full && task.length > 0) {
      tasks.push(task);
      [task, characters, bytes] = [[], 0, 0];
    }
    task.push(row);
    characters += length(row);
    bytes += more;
  }
  if (task.length > 0) tasks.push(task);
  return tasks;
}

function charactersOf({ context, prompt, response }: RowSize): number {
  return context.reduce((sum, { content }) => sum + content.length, prompt.length + response.length);
}
