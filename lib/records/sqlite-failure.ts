/** What went wrong with the SQLite file of records, in words for its owner. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ReptraceError, reasonOf } from '../errors.ts';

/** A file system with less than this has no room for another transaction. */
const ROOM_BYTES = 256 * 2 ** 10;

/** Gives back a ReptraceError as it is; anything else becomes DISK_FULL or STORE_UNREACHABLE, naming the file. */
export async function sqliteFailure(path: string, error: unknown): Promise<ReptraceError> {
  if (error instanceof ReptraceError) return error;
  const code = codeOf(error);
  if (await isFull(code, path)) {
    return new ReptraceError(
      'DISK_FULL',
      `no room is left on the disk of the record store ${path}`,
      'Free some space and try again: what had been written before is kept.',
      { cause: error },
    );
  }
  const [reason, remedy] = explain(code, error);
  return new ReptraceError('STORE_UNREACHABLE', `the record store ${path} ${reason}`, remedy, {
    cause: error,
  });
}

export function otherVersion(path: string, found: number): ReptraceError {
  return new ReptraceError(
    'STORE_UNREACHABLE',
    `the record store ${path} has version ${found}, which this reptrace cannot read`,
    'Use the reptrace that made it, or another data folder.',
  );
}

function explain(code: string, error: unknown): readonly [reason: string, remedy: string] {
  if (code === 'SQLITE_BUSY') {
    return ['is locked by another process', 'End that process, or wait until it is done, and try again.'];
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return [
      `is damaged or no database: ${reasonOf(error)}`,
      'Restore it from a backup, or move it away to start with an empty one.',
    ];
  }
  return [
    `cannot be used: ${reasonOf(error)}`,
    'See that its folder can be made and written by this user, and that the file is a database of reptrace.',
  ];
}

/** SQLite says "full" only where a write fails; for the files beside the database it is an I/O error or a failed opening. */
async function isFull(code: string, path: string): Promise<boolean> {
  if (['SQLITE_FULL', 'ENOSPC', 'EDQUOT'].includes(code)) return true;
  if (code !== '' && !code.startsWith('SQLITE_IOERR') && !code.startsWith('SQLITE_CANTOPEN')) return false;
  try {
    const { bavail, bsize } = await statfs(dirname(path));
    return bavail * bsize < ROOM_BYTES;
  } catch {
    // The folder itself cannot be read: no matter of room, and the error at hand says more.
    return false;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
