/**
 * Knowing a dataset as untouched without reading it. A file's stamp is device, inode, size, and the times of the last change
 * of its content and of its entry, in nanoseconds. The system sets the latter (ctime) itself at each write, and no program can
 * set it back; so an equal stamp means equal bytes, provided that the machine's clock was not set back, and that the clock's
 * tick had passed when the stamp was taken. For the second, a file touched within the last seconds has no stamp. A folder's
 * stamp is of the names and stamps of its files.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isFolder, shardsOf } from './folder.ts';

/** Far more than the tick of any clock that file systems use (2 s on FAT). */
const AT_REST_NANOSECONDS = 3_000_000_000n;

/** null for what is not there, is no dataset, or was touched only now. */
export async function fileStamp(path: string): Promise<string | null> {
  if (!(await isFolder(path))) return stampOf(path);
  const shards = await shardsOf(path).catch(() => []);
  const hash = createHash('sha256');
  for (const shard of shards) {
    const stamp = await stampOf(shard.path);
    if (stamp === null) return null;
    hash.update(`${JSON.stringify(shard.name)} ${stamp}\n`);
  }
  return shards.length === 0 ? null : hash.digest('hex');
}

async function stampOf(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  if (found === null) return null;
  const { dev, ino, size, mtimeNs, ctimeNs } = found;
  const now = BigInt(Date.now()) * 1_000_000n;
  if (now - ctimeNs < AT_REST_NANOSECONDS) return null;
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
