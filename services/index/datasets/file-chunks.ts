/** The bytes of a file, a bounded chunk at a time, and the failures of opening it as errors of datasets. */
import { constants, open, type FileHandle } from 'node:fs/promises';
import { reasonOf, ReptraceError } from '../../../lib/errors.ts';
import { invalidDataset } from './problems.ts';

const CHUNK_BYTES = 256 << 10;

/**
 * Each chunk is valid until the next is asked for; none is empty.
 * Throws DATASET_NOT_FOUND, and DATASET_INVALID for what cannot be read.
 */
export async function* fileChunks(path: string, limit = Infinity): AsyncGenerator<Uint8Array> {
  const file = await openDatasetFile(path);
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let at = 0; at < limit;) {
      const size = Math.min(CHUNK_BYTES, limit - at);
      const { bytesRead } = await file.read(buffer, 0, size, at).catch((error: unknown) => {
        throw fileError(path, error);
      });
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/**
 * Without waiting for a pipe's other end: pipes, devices and folders are refused.
 * Throws DATASET_NOT_FOUND, DATASET_INVALID.
 */
export async function openDatasetFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw fileError(path, error);
  });
  const found = await file.stat();
  if (found.isFile()) return file;
  await file.close();
  throw invalidDataset(
    `${path} is ${found.isDirectory() ? 'a folder' : 'no regular file'}`,
    'Name a file of JSON lines, CSV, Parquet or Arrow.',
  );
}

/** A path through something that is no folder is as absent as a path to nothing. */
export function fileError(path: string, error: unknown): ReptraceError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ReptraceError(
      'DATASET_NOT_FOUND',
      `there is no dataset at ${path}`,
      'Check the path; it is one of the machine that the index service runs on.',
    );
  return invalidDataset(
    `${path} cannot be read: ${reasonOf(error)}`,
    'Name a file that the index service has the right to read.',
  );
}
