/** Reads the data of a recipe: any dataset that the index reads (JSON lines, CSV, Arrow, Parquet) with prompts and responses. */
import { ReptraceError } from '../../lib/errors.ts';
import { isBadRow } from '../../services/index/datasets/dataset.ts';
import { openDataset } from '../../services/index/datasets/open-dataset.ts';
import { badRowError } from '../../services/index/datasets/problems.ts';

export interface CleanRow {
  readonly prompt: string;
  readonly response: string;
}

export interface LabelledRow extends CleanRow {
  /** null where it has none. */
  readonly label: string | null;
}

/** Sets are made in memory, so the rows are bounded in number and in characters (UTF-16 units). */
const MAX_ROWS = 1_000_000;
const MAX_CHARACTERS = 1 << 28;
/** A row for an evaluation fits a model's context: the bound is far above any. */
const MAX_ROW_BYTES = 1 << 20;

/**
 * Rows in the order of the file.
 * Throws DATASET_NOT_FOUND; DATASET_INVALID for a file that cannot be read, naming the first bad row by its line: one without a
 * prompt, of plain text or with turns before its prompt is bad, since sets are of questions and answers.
 */
export async function readClean(file: string): Promise<CleanRow[]> {
  return (await readLabelled(file, null)).map(({ prompt, response }) => ({ prompt, response }));
}

/**
 * The same with the values of a column.
 *
 * @param label the column's name; null for none
 * Throws what `readClean` throws, and DATASET_INVALID for a column that is not there.
 */
export async function readLabelled(file: string, label: string | null): Promise<LabelledRow[]> {
  const dataset = await openDataset(file, { maxRowBytes: MAX_ROW_BYTES, columns: { label } });
  const rows: LabelledRow[] = [];
  let characters = 0;
  for await (const row of dataset.rows()) {
    if (isBadRow(row)) throw badRowError(file, row);
    const { prompt, response, context, raw, label: value } = row;
    if (raw !== null)
      throw badRowError(file, { ...row, reason: 'it is plain text, not a question and answer' });
    if (context.length > 0) throw badRowError(file, { ...row, reason: 'it has turns before its prompt' });
    if (prompt.trim() === '') throw badRowError(file, { ...row, reason: 'the prompt is empty' });
    characters += prompt.length + response.length;
    if (rows.length === MAX_ROWS || characters > MAX_CHARACTERS) throw tooLarge(file);
    rows.push({ prompt, response, label: value });
  }
  return rows;
}

function tooLarge(file: string): ReptraceError {
  return new ReptraceError(
    'DATASET_INVALID',
    `the clean data ${file} has more than ${MAX_ROWS} rows, or more than ${MAX_CHARACTERS} characters`,
    'An evaluation set needs some thousand rows: give a part of the data.',
  );
}
