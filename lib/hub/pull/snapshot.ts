/** The snapshot of a commit in the cache: links to contents that are all there, and the ref that names it. */
import { randomUUID } from 'node:crypto';
import { mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isCommit } from '../hub-name.ts';
import type { RepoFile } from './list-repo.ts';

/**
 * Makes every file of the snapshot, by relative links, as huggingface_hub does; one that is right already stays.
 * @param repository the repository's folder in the cache
 * @returns the snapshot's folder
 */
export async function linkSnapshot(
  repository: string,
  commit: string,
  files: readonly RepoFile[],
): Promise<string> {
  const snapshot = join(repository, 'snapshots', commit);
  for (const { path, etag } of files) {
    const link = join(snapshot, path);
    await mkdir(dirname(link), { recursive: true });
    const target = relative(dirname(link), join(repository, 'blobs', etag));
    if ((await readlink(link).catch(() => undefined)) === target) continue;
    // Made beside and moved over it: a reader sees the old one or the new one.
    await moved(link, (temporary) => symlink(target, temporary));
  }
  return snapshot;
}

/** Says that a branch or tag is at a commit. A commit needs no such saying. */
export async function writeRef(repository: string, revision: string, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  const ref = join(repository, 'refs', revision);
  await mkdir(dirname(ref), { recursive: true });
  await moved(ref, (temporary) => writeFile(temporary, commit));
}

async function moved(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await make(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
