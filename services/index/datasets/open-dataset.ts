/** Opens a dataset: finds its format and its columns, and reads its rows as they are asked for. */
import { createHash } from 'node:crypto';
import { ReptraceError } from '../../../lib/errors.ts';
import { checkResolved, givesSeveral, resolveColumns } from './columns.ts';
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
import { holds } from './dataset-bytes.ts';
import { formatOf } from './formats.ts';
import { changedDataset, invalidDataset } from './problems.ts';
import { toRows } from './row.ts';

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
      hash.update(chunk);
      tap?.(chunk);
    };
    // How many samples a row of the source gives is known when it has been read.
    const several = givesSeveral(columns);
    let next = several ? 0 : from;
    const request = {
      ...{ from: next, maxRowBytes, limit: expected?.bytes },
      tap: expected === undefined ? tap : seen,
    };
    try {
      for await (const record of format.read(path, request)) {
        for (const row of toRows(record, columns, several ? next : record.row)) {
          next = row.row + 1;
          if (row.row >= from) yield row;
        }
      }
    } catch (error) {
      // What cannot be read may be so because it is not what it was: then that is what is to be told.
      const invalid = error instanceof ReptraceError && error.code === 'DATASET_INVALID';
      if (invalid && expected !== undefined && !(await holds(path, expected))) throw changedDataset(path);
      throw error;
    }
    if (expected !== undefined && hash.digest('hex') !== expected.digest) throw changedDataset(path);
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
