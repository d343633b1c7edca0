/**
 * The bytes that a dataset's digest is over. A file's are its own, packed ones as they are. A folder's are those of its files
 * in the order of the rows, each behind a line of its name and size, so that neither can change without the digest changing.
 */
import { createHash } from 'node:crypto';
import type { ExpectedBytes } from './dataset.ts';
import { fileChunks } from './file-chunks.ts';
import { isFolder, shardHeader, shardsOf } from './folder.ts';

/**
 * Each chunk is valid until the next is asked for.
 * Throws DATASET_NOT_FOUND, DATASET_INVALID for what cannot be read, PATH_NOT_ALLOWED for a folder's links.
 */
export async function* datasetBytes(path: string): AsyncGenerator<Uint8Array> {
  if (!(await isFolder(path))) {
    yield* fileChunks(path);
    return;
  }
  for (const shard of await shardsOf(path)) {
    yield (await shardHeader(shard)).bytes;
    yield* fileChunks(shard.path);
  }
}

/** Whether a path still holds these bytes, whatever is behind them. Throws what `datasetBytes` throws. */
export async function holds(path: string, { digest, bytes }: ExpectedBytes): Promise<boolean> {
  const hash = createHash('sha256');
  let left = bytes;
  for await (const chunk of datasetBytes(path)) {
    hash.update(chunk.subarray(0, left));
    left -= Math.min(left, chunk.byteLength);
    if (left === 0) break;
  }
  return left === 0 && hash.digest('hex') === digest;
}
