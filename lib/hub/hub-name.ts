/**
 * Names of models and datasets of a Hugging Face hub, as people write them:
 *
 *   org/name               its branch `main`
 *   org/name@revision      a branch, a tag or a commit; a slash in a branch's name is written %2F, but for refs/pr/1
 *   org/name/file.gguf     one file of it; also org/name@revision/file.gguf
 *   datasets/org/name      a dataset, where a model could be meant too
 *
 * A name without `org/`, as the oldest repositories have, stands alone or with a revision.
 */
import { isSafeFile } from './file-name.ts';

export type RepoKind = 'model' | 'dataset';

export interface HubName {
  readonly kind: RepoKind;
  /** `org/name`, or `name`. */
  readonly repo: string;
  /** Branch, tag or commit; undefined where none is written, which means `main`. */
  readonly revision: string | undefined;
  /** A file of the repository, with slashes between folders. */
  readonly file: string | undefined;
}

export const DEFAULT_REVISION = 'main';

const MAX_TEXT = 1500;
const DATASETS = 'datasets/';
const COMMIT = /^[0-9a-f]{40}$/;
/** The hub's own rules, together with the two refusals below. */
const REPO = /^(?:[A-Za-z0-9](?:[\w.-]*[\w])?\/)?[A-Za-z0-9_](?:[\w.-]*[\w])?$/;
const MAX_REPO = 96;

export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** @param kind what is meant where no `datasets/` says it. Undefined for a text that is no such name. */
export function parseHubName(text: string, kind: RepoKind = 'model'): HubName | undefined {
  if (text.length > MAX_TEXT) return undefined;
  if (text.startsWith(DATASETS)) return parse(text.slice(DATASETS.length), 'dataset');
  return parse(text, kind);
}

/** Endings of files that people name by relative paths, such as models/some.gguf. */
const FILE_ENDING = /\.(?:gguf|safetensors|jsonl?|ndjson|csv|tsv|parquet|arrow|txt|gz|zst)$/i;

/** The name that a text is where a path could stand too: one with a slash that does not look like a file's path. */
export function nameInPlaceOfPath(text: string, kind: RepoKind): HubName | undefined {
  const name = parseHubName(text, kind);
  if (name?.kind !== kind || !name.repo.includes('/')) return undefined;
  const isBare = name.revision === undefined && name.file === undefined && text === name.repo;
  return isBare && FILE_ENDING.test(text) ? undefined : name;
}

function parse(text: string, kind: RepoKind): HubName | undefined {
  const at = text.indexOf('@');
  const [before, after] = at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
  const parts = before.split('/');
  const repo = parts.slice(0, 2).join('/');
  if (!isRepo(repo)) return undefined;
  if (after === undefined) return named(kind, repo, undefined, parts.slice(2));
  if (parts.length > 2) return undefined;
  const [, written, rest] = /^(refs\/[^/]+\/[^/]+|[^/]+)(?:\/(.*))?$/s.exec(after) ?? [];
  const revision = written === undefined ? undefined : decoded(written);
  if (revision === undefined || !isRevision(revision)) return undefined;
  return named(kind, repo, revision, rest === undefined ? [] : [rest]);
}

function named(
  kind: RepoKind,
  repo: string,
  revision: string | undefined,
  fileParts: readonly string[],
): HubName | undefined {
  const file = fileParts.length === 0 ? undefined : fileParts.join('/');
  return file === undefined || isSafeFile(file) ? { kind, repo, revision, file } : undefined;
}

function isRepo(repo: string): boolean {
  return repo.length <= MAX_REPO && REPO.test(repo) && !/--|\.\.|\.git$/.test(repo);
}

/** A revision becomes a path below `refs`: plain characters, no hidden parts, no parents. */
function isRevision(revision: string): boolean {
  return (
    revision.length <= 255 &&
    revision.split('/').every((part) => /^[\w+][\w.+-]*$/.test(part) && !part.includes('..'))
  );
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** As it is written: `datasets/org/name@revision/file`. */
export function writtenName({ kind, repo, revision, file }: HubName): string {
  const prefix = kind === 'dataset' ? DATASETS : '';
  const at = revision === undefined ? '' : `@${writtenRevision(revision)}`;
  return `${prefix}${repo}${at}${file === undefined ? '' : `/${file}`}`;
}

function writtenRevision(revision: string): string {
  return /^refs\/[^/]+\/[^/]+$/.test(revision) ? revision : revision.replaceAll('/', '%2F');
}
