/** Opens a dataset: finds its format and its columns, and reads its rows as they are asked for. */
import { createHash } from 'node:crypto';
import { ReptraceError } from '../../../lib/errors.ts';
import { checkResolved, resolveColumns } from './columns.ts';
import {
  DEFAULT_MAX_ROW_BYTES,
  type BadRow,
  type Dataset,
  type DatasetFormat,
  type DatasetOptions,
  type DatasetRow,
  type ReadRequest,
  type Watch,
} from './dataset.ts';
import { formatOf } from './formats.ts';
import { invalidDataset } from './problems.ts';
import { toRow } from './row.ts';

/** Columns are found in so many good rows, looked for among so many. */
const SAMPLED_ROWS = 100;
const SEARCHED_ROWS = 1000;

/**
 * @param path already resolved and allowed (lib/allowed-path.ts)
 * Throws DATASET_NOT_FOUND; DATASET_INVALID (no file, of no format known, without rows, its columns not found, none of its
 * first rows readable); INPUT_INVALID for a contradictory choice of columns.
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  const format = await formatOf(path);
  const maxRowBytes = options.maxRowBytes ?? DEFAULT_MAX_ROW_BYTES;
  const sampled = await sampleColumns(path, format, { from: 0, maxRowBytes });
  const { resolved } = options;
  if (resolved !== undefined) checkResolved(path, sampled, resolved);
  const columns = resolved ?? resolveColumns(path, sampled, options.columns);

  async function* rows(from = 0, { expected, tap }: Watch = {}): AsyncGenerator<DatasetRow | BadRow> {
    const hash = createHash('sha256');
    const seen = (chunk: Uint8Array): void => {
      if (expected !== undefined) hash.update(chunk);
      tap?.(chunk);
    };
    const request = { from, maxRowBytes, limit: expected?.bytes, tap: seen };
    for await (const record of format.read(path, request)) yield toRow(record, columns);
    if (expected !== undefined && hash.digest('hex') !== expected.digest) throw changed(path);
  }

  return { path, format: format.name, columns, rows };
}

/** The names of the columns of each of the first rows that can be read. */
async function sampleColumns(
  path: string,
  format: DatasetFormat,
  request: ReadRequest,
): Promise<ReadonlySet<string>[]> {
  const sampled: ReadonlySet<string>[] = [];
  let searched = 0;
  let firstBad: string | undefined;
  for await (const { line, content } of format.read(path, request)) {
    if ('values' in content) sampled.push(new Set(content.values.keys()));
    else firstBad ??= `line ${line}: ${content.reason}`;
    if (++searched === SEARCHED_ROWS || sampled.length === SAMPLED_ROWS) break;
  }
  if (sampled.length > 0) return sampled;
  throw firstBad === undefined
    ? invalidDataset(`${path} has no rows`, 'Give it at least one row.')
    : invalidDataset(
        `none of the first ${searched} rows of ${path} can be read as ${format.name}; ${firstBad}`,
        'Mend the file, or give it the extension of its format.',
      );
}

function changed(path: string): ReptraceError {
  return new ReptraceError(
    'DATASET_CHANGED',
    `${path} changed while it was read, or since it was scanned`,
    'Build the index again once the file is at rest.',
  );
}
