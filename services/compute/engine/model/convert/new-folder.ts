/** A folder that is there as a whole or not at all: filled under another name beside its own, then renamed. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { unlessAbsent } from '../../../../../lib/absent.ts';
import { reasonOf, ReptraceError } from '../../../../../lib/errors.ts';

/** What is left free besides. */
const SPARE_BYTES = 1 << 26;

/**
 * @param bytes what `fill` is going to write
 * Throws INPUT_INVALID for a folder that holds something, DISK_FULL (before anything is written, where it shows), and what
 * `fill` throws; nothing is left of it then.
 */
export async function newFolder(
  out: string,
  bytes: number,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const path = resolve(out);
  await refuseFilled(path);
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  const { bavail, bsize } = await statfs(parent);
  if (bytes + SPARE_BYTES > bavail * bsize) {
    throw diskFull(
      parent,
      `${gigabytes(bytes)} are to be written, and ${gigabytes(bavail * bsize)} are free`,
    );
  }
  const temporary = join(parent, `.${basename(path)}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    await mkdir(temporary);
    await fill(temporary);
    // Not every system renames over an empty folder.
    await unlessAbsent(rmdir(path), undefined);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw diskFull(parent, 'it is full', error);
    throw error;
  }
}

async function refuseFilled(path: string): Promise<void> {
  let entries: readonly string[];
  try {
    entries = await unlessAbsent(readdir(path), []);
  } catch (error) {
    throw notUsable(path, reasonOf(error), error);
  }
  if (entries.length > 0) throw notUsable(path, 'it is not empty');
}

function notUsable(path: string, why: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'INPUT_INVALID',
    `the output folder ${path} cannot be used: ${why}`,
    'Name a folder that is not there yet, or an empty one.',
    { cause },
  );
}

function diskFull(folder: string, why: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'DISK_FULL',
    `the disk of ${folder} has no room: ${why}`,
    'Make room, write to another disk, or write f16 or bf16.',
    { cause },
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
