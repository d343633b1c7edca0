/** What LanceDB throws is text; this reads what of it has a meaning for users. */
import { ReptraceError, reasonOf } from '../../../lib/errors.ts';
import { indexNotFound } from './checks.ts';

/** A table that is not there at all. */
export function isNoTable(error: unknown): boolean {
  return /^Table '[^']*' was not found/.test(reasonOf(error));
}

export function isTableThere(error: unknown): boolean {
  return /^Table '[^']*' already exists/.test(reasonOf(error));
}

/** A file that was there when the read began: the table was compacted, or dropped, under it. */
export function isFileGone(error: unknown): boolean {
  return /not found|no such file/i.test(reasonOf(error));
}

/** The failure to tell for whatever was thrown while working in `folder`. */
export function lanceFailure(folder: string, index: string, error: unknown): unknown {
  if (error instanceof ReptraceError) return error;
  if (isNoTable(error)) return indexNotFound(index);
  return folderFailure(folder, error);
}

/** The same, for failures that are about no single index. */
export function folderFailure(folder: string, error: unknown): unknown {
  const reason = reasonOf(error);
  if (/no space left|os error 28|ENOSPC|disk quota|os error 122|EDQUOT/i.test(reason)) {
    return new ReptraceError(
      'DISK_FULL',
      `the disk of ${folder} is full; what was stored before is still there`,
      'Make room on it and go on: `reptrace index resume` enqueues what is missing.',
      { cause: error },
    );
  }
  if (
    /permission denied|read-only file system|os error (13|30)\b|EACCES|EROFS|ENOENT|ENOTDIR/i.test(reason)
  ) {
    return new ReptraceError(
      'STORE_UNREACHABLE',
      `the signatures in ${folder} cannot be read or written: ${reason.split('\n')[0].slice(0, 300)}`,
      'Check that the folder is there and that this user may write in it.',
      { cause: error },
    );
  }
  return error;
}
