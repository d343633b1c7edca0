/**
 * Finding in the cache what a name means. Only names open it: nothing else in the cache can be reached this way, wherever
 * the folders lie that clients may otherwise read.
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { isAbsent, unlessAbsent } from '../absent.ts';
import { ReptraceError } from '../errors.ts';
import { hubCacheFolder, isCacheBlob, repoFolder, snapshotOf } from './cache-layout.ts';
import {
  DEFAULT_REVISION,
  isCommit,
  nameInPlaceOfPath,
  parseHubName,
  writtenName,
  type HubName,
  type RepoKind,
} from './hub-name.ts';
import { missingModelFile } from './model-files.ts';

const NO_FILE: readonly unknown[] = ['EISDIR', 'ENOTDIR'];
const NOT_FOUND = { model: 'MODEL_NOT_FOUND', dataset: 'DATASET_NOT_FOUND' } as const;

/**
 * The folder (or, of `org/name/file.gguf`, the file) of a model or adapter in the cache. A folder is a snapshot: its files
 * are links into the cache (see isCacheBlob).
 * Throws MODEL_NOT_FOUND, saying what fetches it, for one that is not there as a whole; INPUT_INVALID for what is no name.
 */
export async function cachedModel(name: string, cache?: string): Promise<string> {
  const parsed = requireName(name, 'model');
  const path = await cachedPath(parsed, cache);
  if (parsed.file !== undefined) return path;
  const missing = await missingModelFile(path);
  if (missing !== undefined) throw notThere(parsed, `only a part of it is there, without ${missing}`, cache);
  return path;
}

/**
 * The same for a dataset, with or without `datasets/` before its name. Of `org/name/test` the path may be one at which there
 * is nothing: files in the folder may be a split of that name.
 * Throws DATASET_NOT_FOUND, INPUT_INVALID.
 */
export async function cachedDataset(name: string, cache?: string): Promise<string> {
  return cachedPath(requireName(name, 'dataset'), cache);
}

/** What a path or name of a model or adapter means to this process: a path that exists is that, whatever it looks like. */
export async function localModel(given: string): Promise<string> {
  const isPath = nameInPlaceOfPath(given, 'model') === undefined || (await exists(given));
  return isPath ? given : cachedModel(given);
}

/**
 * What a path or name means to a service: a path under the folders that clients may name, else what is in the cache by that
 * name. A path of a snapshot, wherever its cache lay, counts as the name that it spells: tasks and records give paths.
 * @param allowed gives the real path of one that is allowed, be it there or not; throws PATH_NOT_ALLOWED
 * Throws PATH_NOT_ALLOWED, MODEL_NOT_FOUND, DATASET_NOT_FOUND.
 */
export async function allowedOrCached(
  given: string,
  kind: RepoKind,
  allowed: (path: string) => Promise<string>,
): Promise<string> {
  const snapshot = snapshotOf(given)?.name;
  const name = snapshot?.kind === kind ? writtenName(snapshot) : given;
  if (nameInPlaceOfPath(name, kind) === undefined) return allowed(given);
  const path = await allowed(given).catch((error: unknown) => {
    if (error instanceof ReptraceError && error.code === 'PATH_NOT_ALLOWED') return undefined;
    throw error;
  });
  if (path !== undefined && (await exists(path))) return path;
  if (kind === 'model') return cachedModel(name);
  try {
    return await cachedDataset(name);
  } catch (error) {
    // `shards/test` beside a folder `shards` is a path that is wrong, or a split in that folder: not to be fetched.
    if (path !== undefined && name === given && (await exists(firstFolder(given, path)))) return path;
    throw error;
  }
}

/** Of a relative path, the folder it begins in; of one that begins like a dataset's name, the folder that it is in. */
function firstFolder(given: string, path: string): string {
  const steps = given.startsWith('datasets/') ? 1 : given.split('/').length - 1;
  return resolve(path, '../'.repeat(steps));
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function requireName(text: string, kind: RepoKind): HubName {
  const name = parseHubName(text, kind);
  if (name?.kind === kind) return name;
  throw new ReptraceError(
    'INPUT_INVALID',
    `${JSON.stringify(text.slice(0, 200))} is no name of a ${kind}`,
    `Write it as ${kind === 'dataset' ? 'datasets/' : ''}org/name, with @revision for another branch, tag or commit.`,
  );
}

async function cachedPath(name: HubName, cache = hubCacheFolder()): Promise<string> {
  const repository = await unlessAbsent(realpath(repoFolder(cache, name)), undefined);
  const commit = repository === undefined ? undefined : await commitOf(repository, name.revision);
  if (repository === undefined || commit === undefined) throw notThere(name, undefined, cache);
  const snapshot = join(repository, 'snapshots', commit);
  // A link in the place of a snapshot would lead anywhere.
  if ((await unlessAbsent(realpath(snapshot), undefined)) !== snapshot)
    throw notThere(name, undefined, cache);
  return name.file === undefined ? snapshot : fileOf(snapshot, name, name.file, cache);
}

async function commitOf(repository: string, revision = DEFAULT_REVISION): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = await readFile(join(repository, 'refs', revision), 'utf8').catch((error: unknown) => {
    if (isNoFile(error)) return '';
    throw error;
  });
  return isCommit(text.trim()) ? text.trim() : undefined;
}

/** Nothing, a folder (of a branch `a/b`, asked for as `a`), or below a file (of a branch `a`, asked for as `a/b`). */
function isNoFile(error: unknown): boolean {
  return isAbsent(error) || (error instanceof Error && 'code' in error && NO_FILE.includes(error.code));
}

/** Under its own name, not the one of its contents: the ending says what it is. */
async function fileOf(snapshot: string, name: HubName, file: string, cache: string): Promise<string> {
  const path = join(snapshot, file);
  const real = await unlessAbsent(realpath(path), undefined);
  const isOurs =
    real !== undefined && (real.startsWith(snapshot + sep) || (await isCacheBlob(dirname(path), real)));
  if (isOurs) return path;
  if (real === undefined && (await mayBeSplit(snapshot, name, path))) return path;
  throw notThere(name, 'the repository is there without that file', cache);
}

/** Whether what is not there may be a split: of a dataset, called as no file is, in a folder that is there and ours. */
async function mayBeSplit(snapshot: string, { kind }: HubName, path: string): Promise<boolean> {
  if (kind !== 'dataset' || basename(path).includes('.')) return false;
  const folder = await unlessAbsent(realpath(dirname(path)), undefined);
  return folder === dirname(path) && (folder + sep).startsWith(snapshot + sep);
}

function notThere(name: HubName, why: string | undefined, cache = hubCacheFolder()): ReptraceError {
  const written = writtenName(name);
  return new ReptraceError(
    NOT_FOUND[name.kind],
    `${JSON.stringify(written)} is no path that is there, and as the name of a ${name.kind} it is not in the cache ${cache}${why === undefined ? '' : `: ${why}`}`,
    `Mend the path, or fetch the ${name.kind} with \`reptrace pull ${written}\`.`,
  );
}
