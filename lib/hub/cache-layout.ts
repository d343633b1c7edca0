/**
 * Where things lie in the cache that all programs of this user share, as the Python library huggingface_hub lays it out:
 *
 *   models--org--name/refs/main                  the commit that the branch was at, 40 hexadecimal digits
 *   models--org--name/snapshots/COMMIT/a/file    a link: ../../../blobs/ETAG
 *   models--org--name/blobs/ETAG                 the contents, by SHA-256 (large files) or git's SHA-1
 *   datasets--org--name/…                        the same for datasets
 *   blobs/ab/abcdef…                             contents shared by repositories; blobs/ETAG above is then a link to it
 */
import { lstat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { HubName } from './hub-name.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Marks the folder of shared contents as what it is. */
const SHARED_MARKER = '.huggingface-shared-blobs';
/** Below it: `ab/` and 64 hexadecimal digits that start with `ab`. */
const SHARED_BLOB = /^([0-9a-f]{2})[/\\]\1[0-9a-f]{62}$/;
const REPO_FOLDER = /^(model|dataset)s--(.+)$/;

/** Where Hugging Face's programs keep what is theirs: HF_HOME, else ~/.cache/huggingface. */
export function hubHome(env: Environment): string {
  const cacheHome = folder(env, 'XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  return folder(env, 'HF_HOME') ?? join(cacheHome, 'huggingface');
}

/** The cache of repositories: HF_HUB_CACHE, its older name HUGGINGFACE_HUB_CACHE, else `hub` in HF_HOME. */
export function hubCacheFolder(env: Environment = process.env): string {
  return folder(env, 'HF_HUB_CACHE') ?? folder(env, 'HUGGINGFACE_HUB_CACHE') ?? join(hubHome(env), 'hub');
}

/** A folder that the environment names, with `~` and `$NAME` as the Python library reads them. Empty is unset. */
function folder(env: Environment, name: string): string | undefined {
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  const home = value === '~' || value.startsWith('~/') ? join(homedir(), value.slice(1)) : value;
  return home.replace(
    /\$(?:(\w+)|\{(\w+)\})/g,
    (whole, plain?: string, braced?: string) => env[plain ?? braced ?? ''] ?? whole,
  );
}

export function repoFolder(cache: string, { kind, repo }: Pick<HubName, 'kind' | 'repo'>): string {
  return join(cache, [`${kind}s`, ...repo.split('/')].join('--'));
}

/** The snapshot that a path lies in (or is): of which repository, and the path's name at the hub. Goes by names alone. */
export function snapshotOf(
  path: string,
): { readonly repository: string; readonly name: HubName } | undefined {
  const parts = path.split(sep);
  const at = parts.lastIndexOf('snapshots');
  const revision = parts[at + 1];
  const [, kind, rest] = REPO_FOLDER.exec(parts[at - 1] ?? '') ?? [];
  if (kind === undefined || rest === undefined || revision === undefined) return undefined;
  const file = parts.slice(at + 2).join('/');
  return {
    repository: parts.slice(0, at).join(sep),
    name: {
      kind: kind === 'model' ? 'model' : 'dataset',
      repo: rest.split('--').join('/'),
      revision,
      file: file === '' ? undefined : file,
    },
  };
}

/**
 * Whether a file's real path is where the cache keeps contents of the snapshot that `folder` is (or lies in): the only
 * place outside a folder that its files may be links to.
 * @param folder real path
 */
export async function isCacheBlob(folder: string, real: string): Promise<boolean> {
  const repository = snapshotOf(folder)?.repository;
  if (repository === undefined) return false;
  if (real === join(repository, 'blobs', basename(real))) return true;
  const shared = join(dirname(repository), 'blobs');
  if (!SHARED_BLOB.test(relative(shared, real))) return false;
  return lstat(join(shared, SHARED_MARKER)).then(
    (marker) => marker.isFile(),
    () => false,
  );
}
