/**
 * Fetches a model or dataset into the cache: lists it, takes what is missing, and only when all contents are there makes the
 * snapshot and the ref, so that nothing in the cache looks whole before it is.
 */
import { mkdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../../absent.ts';
import { ReptraceError } from '../../errors.ts';
import { repoFolder } from '../cache-layout.ts';
import { DEFAULT_REVISION, type HubName } from '../hub-name.ts';
import { chooseFiles } from './choose-files.ts';
import { downloadBlob } from './download-blob.ts';
import { HubClient, type ClientOptions } from './hub-client.ts';
import { listRepo, type RepoFile } from './list-repo.ts';
import { linkSnapshot, writeRef } from './snapshot.ts';

export interface PullOptions extends Omit<ClientOptions, 'name'> {
  /** The cache's folder (hubCacheFolder). */
  readonly cache: string;
  /** Patterns of files (choose-files.ts). */
  readonly include?: readonly string[];
  /** Files that are fetched at the same time. */
  readonly parallel?: number;
  readonly onProgress?: (progress: PullProgress) => void;
}

export interface PullProgress {
  /** Bytes that are there, and of all files. */
  readonly done: number;
  readonly total: number;
  /** Bytes that came over the network. */
  readonly fetched: number;
}

export interface Pulled {
  /** The snapshot's folder. */
  readonly path: string;
  readonly commit: string;
  readonly files: readonly string[];
  readonly bytes: number;
  readonly fetched: number;
}

const PARALLEL = 4;
const PARALLEL_MOST = 16;
/** What is left free besides. */
const SPARE_BYTES = 1 << 26;

/**
 * Throws MODEL_NOT_FOUND, DATASET_NOT_FOUND, UNAUTHENTICATED, SERVICE_UNAVAILABLE, DOWNLOAD_INVALID, DISK_FULL, CANCELLED,
 * INPUT_INVALID (nothing to fetch). What was fetched before a failure stays, for the next time.
 */
export async function pull(name: HubName, options: PullOptions): Promise<Pulled> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const client = new HubClient({ ...options, name, signal });
  const { commit, files } = await listRepo(client);
  const include = [...(options.include ?? []), ...(name.file === undefined ? [] : [name.file])];
  const chosen = chooseFiles(name.kind, files, include);
  const repository = repoFolder(options.cache, name);
  const blobs = join(repository, 'blobs');
  await onDisk(options.cache, () => mkdir(blobs, { recursive: true }));

  const contents = [...new Map(chosen.map((file) => [file.etag, file])).values()];
  const missing: RepoFile[] = [];
  let begun = 0;
  for (const file of contents) {
    if ((await sizeOf(join(blobs, file.etag))) === file.size) continue;
    missing.push(file);
    begun += Math.min(file.size, (await sizeOf(join(blobs, `${file.etag}.incomplete`))) ?? 0);
  }
  const total = sum(contents);
  await checkSpace(options.cache, sum(missing) - begun);

  const meter = new Meter(total, total - sum(missing), begun, options.onProgress);
  // Small ones first: what is wrong with a repository's config shows before its weights have come.
  missing.sort((a, b) => a.size - b.size);
  const workers = Math.min(PARALLEL_MOST, options.parallel ?? PARALLEL, missing.length);
  const work = async (): Promise<void> => {
    for (let file = missing.shift(); file !== undefined; file = missing.shift()) {
      const one = file;
      await onDisk(options.cache, () =>
        downloadBlob(client, resolveUrl(client, commit, one.path), one, blobs, (more) => {
          meter.count(more);
        }),
      );
    }
  };
  await allOrNone(Array.from({ length: workers }, work), stop);

  const path = await linkSnapshot(repository, commit, chosen);
  await writeRef(repository, name.revision ?? DEFAULT_REVISION, commit);
  const names = chosen.map((file) => file.path);
  return { path, commit, files: names, bytes: total, fetched: meter.fetched };
}

/** By the commit, so that a branch that moves meanwhile does not mix two states. */
function resolveUrl({ subject }: HubClient, commit: string, path: string): string {
  const { name, endpoint } = subject;
  const repo = `${name.kind === 'dataset' ? 'datasets/' : ''}${name.repo}`;
  return `${endpoint}/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** Waits for all; the first failure stops the others, and is thrown when they have stopped. */
async function allOrNone(works: readonly Promise<void>[], stop: AbortController): Promise<void> {
  const watched = works.map((work) =>
    work.catch((error: unknown) => {
      stop.abort(error);
    }),
  );
  await Promise.all(watched);
  stop.signal.throwIfAborted();
}

/** What is there, and what came over the network: bytes of an earlier, killed process count as there. */
class Meter {
  readonly #total: number;
  readonly #begun: number;
  readonly #show: ((progress: PullProgress) => void) | undefined;
  #done: number;
  #counted = 0;

  constructor(
    total: number,
    done: number,
    begun: number,
    show: ((progress: PullProgress) => void) | undefined,
  ) {
    this.#total = total;
    this.#done = done;
    this.#begun = begun;
    this.#show = show;
  }

  get fetched(): number {
    return Math.max(0, this.#counted - this.#begun);
  }

  count(more: number): void {
    this.#counted += more;
    this.#done += more;
    this.#show?.({ done: this.#done, total: this.#total, fetched: this.fetched });
  }
}

function sum(files: readonly RepoFile[]): number {
  return files.reduce((bytes, { size }) => bytes + size, 0);
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await unlessAbsent(stat(path), undefined))?.size;
}

/** Throws DISK_FULL before anything is fetched that cannot fit. */
async function checkSpace(cache: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(cache);
  const free = bavail * bsize;
  if (needed + SPARE_BYTES <= free || needed === 0) return;
  throw diskFull(
    cache,
    `${(needed / 1e9).toFixed(1)} GB are to be fetched, and ${(free / 1e9).toFixed(1)} GB are free`,
  );
}

async function onDisk<T>(cache: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw diskFull(cache, 'it is full', error);
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM' || code === 'ENOTDIR') {
      throw new ReptraceError(
        'PATH_NOT_ALLOWED',
        `the cache ${cache} cannot be written to`,
        'Name a folder of yours with --cache or HF_HUB_CACHE.',
        { cause: error },
      );
    }
    throw error;
  }
}

function diskFull(cache: string, why: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'DISK_FULL',
    `the disk of the cache ${cache} has no room: ${why}`,
    'Make room, or name a cache on another disk with --cache or HF_HUB_CACHE; what is fetched so far is kept.',
    { cause },
  );
}
