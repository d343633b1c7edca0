/**
 * A folder as one dataset: which of its files, in which order. Known are what Hugging Face `datasets` saves (one dataset, or
 * one a split) and what is downloaded from a hub: files named after their split, `train-00000-of-00002.parquet` or alike.
 * Such a split is named as if it were a folder: `FOLDER/test`.
 */
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAbsent } from '../../../lib/absent.ts';
import { reasonOf, ReptraceError } from '../../../lib/errors.ts';
import type { RecordContent, Records } from './dataset.ts';
import { downloadedFiles, downloadedSplit } from './downloaded-files.ts';
import { fileChunks } from './file-chunks.ts';
import { isDataName } from './kinds.ts';
import { invalidDataset, shown, shownList } from './problems.ts';
import { shardPath } from './shard-path.ts';

export interface Shard {
  /** Within the folder, with forward slashes. */
  readonly name: string;
  /** To be opened: no link stands in it. */
  readonly path: string;
  /** How messages name it. */
  readonly title: string;
}

interface Place {
  readonly folder: string;
  /** null: what the folder itself means. */
  readonly split: string | null;
}

const MAX_SHARDS = 20_000;
const MAX_DESCRIPTION_BYTES = 16 << 20;
/** The split taken where there are several. */
const PREFERRED = 'train';

/** What a split may be called, and no file of a dataset is. */
const SPLIT_NAME = /^\w[\w.-]{0,99}$/;

/** Whether a path is read as files of a folder: it is one, or names what is not there in one, which may be a split. */
export async function isFolder(path: string): Promise<boolean> {
  return (await placeOf(path)) !== null;
}

/** null for what is no folder, and neither a split of one. */
async function placeOf(path: string): Promise<Place | null> {
  if (await isDirectory(path)) return { folder: path, split: null };
  const [folder, split] = [dirname(path), basename(path)];
  if (!SPLIT_NAME.test(split) || isDataName(split)) return null;
  const isGone = await lstat(path).then(() => false, isAbsent);
  return isGone && (await isDirectory(folder)) ? { folder, split } : null;
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() === true;
}

/**
 * The files of a folder, or of a split in one, in the order of their rows; at least one.
 * @param path for which `isFolder` holds
 * Throws DATASET_INVALID for a folder that is no dataset, or of which it is not clear which dataset is meant; PATH_NOT_ALLOWED
 * for a file that is elsewhere; DATASET_NOT_FOUND for a split that is not there, naming those that are.
 */
export async function shardsOf(path: string): Promise<readonly Shard[]> {
  const { folder, split } = (await placeOf(path)) ?? { folder: path, split: null };
  const names = split === null ? await folderFiles(folder) : await splitFiles(path, folder, split);
  if (names.length > MAX_SHARDS) {
    throw invalidDataset(
      `${folder} has ${names.length} files, more than ${MAX_SHARDS}`,
      'Write it again in fewer, larger files.',
    );
  }
  const shards: Shard[] = [];
  for (const name of names)
    shards.push({ name, path: await shardPath(folder, name), title: `${folder}/${name}` });
  return shards;
}

async function folderFiles(folder: string): Promise<readonly string[]> {
  return (await savedSplits(folder)) ?? (await savedFiles(folder, '')) ?? (await downloadedFiles(folder));
}

/** A split that was saved has a folder of its own, and is none of these. */
async function splitFiles(path: string, folder: string, split: string): Promise<readonly string[]> {
  const saved = await splitNames(folder);
  const isSaved = saved !== null || (await savedFiles(folder, '')) !== null;
  const { files, splits } = isSaved
    ? { files: null, splits: saved ?? [] }
    : await downloadedSplit(folder, split);
  if (files !== null) return files;
  throw new ReptraceError(
    'DATASET_NOT_FOUND',
    `there is no dataset at ${path}${splits.length === 0 ? '' : `; the splits in ${folder} are ${shownList(splits)}`}`,
    splits.length === 0
      ? 'Check the path; it is one of the machine that the index service runs on.'
      : `Name one of the splits, as ${join(folder, splits[0])}.`,
  );
}

/** Of a folder with a split in each folder of its own; null for any other. */
async function splitNames(folder: string): Promise<readonly string[] | null> {
  const description = await described(folder, 'dataset_dict.json');
  if (description === null) return null;
  const splits = textsOf(member(description, 'splits'));
  if (splits === null || splits.length === 0 || !splits.every(isPlainName))
    throw notUnderstood(folder, 'dataset_dict.json');
  return splits;
}

/** The files of the split that is taken, as `splitNames`. */
async function savedSplits(folder: string): Promise<readonly string[] | null> {
  const splits = await splitNames(folder);
  if (splits === null) return null;
  const split = splits.length === 1 ? splits[0] : splits.find((name) => name === PREFERRED);
  if (split === undefined) {
    throw invalidDataset(
      `${folder} holds several splits, and none is called ${PREFERRED}: ${shownList(splits)}`,
      `Name the one that is meant, as ${join(folder, splits[0])}.`,
    );
  }
  const files = await savedFiles(folder, `${split}/`);
  if (files !== null) return files;
  throw invalidDataset(`${folder} has no split saved in ${shown(split)}`, 'Save the dataset again.');
}

/** @param prefix '' or the name of a folder in it, with a slash behind */
async function savedFiles(folder: string, prefix: string): Promise<readonly string[] | null> {
  const description = await described(folder, `${prefix}state.json`);
  if (description === null) return null;
  const files = member(description, '_data_files');
  const names = Array.isArray(files) ? textsOf(files.map((file: unknown) => member(file, 'filename'))) : null;
  if (names === null || names.length === 0 || !names.every(isPlainName))
    throw notUnderstood(folder, `${prefix}state.json`);
  if (new Set(names).size < names.length) throw notUnderstood(folder, `${prefix}state.json`);
  return names.map((name) => prefix + name);
}

/** The JSON in a file that describes the folder; null where there is none. */
async function described(folder: string, name: string): Promise<unknown> {
  const entries = await readdir(folder).catch((error: unknown) => {
    throw invalidDataset(`${folder} cannot be read: ${reasonOf(error)}`, 'Name a folder that may be read.');
  });
  if (!entries.includes(name.split('/')[0])) return null;
  const path = await shardPath(folder, name).catch((error: unknown) => {
    if (error instanceof ReptraceError && error.code === 'DATASET_NOT_FOUND') return null;
    throw error;
  });
  if (path === null) return null;
  const text = await textIn(path, MAX_DESCRIPTION_BYTES);
  try {
    return JSON.parse(text ?? '');
  } catch {
    throw notUnderstood(folder, name);
  }
}

/** Null for a file that is larger. */
async function textIn(path: string, most: number): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of fileChunks(path, most + 1)) {
    chunks.push(Uint8Array.from(chunk));
    bytes += chunk.byteLength;
  }
  return bytes > most ? null : Buffer.concat(chunks).toString('utf8');
}

function notUnderstood(folder: string, name: string) {
  return invalidDataset(
    `${folder} cannot be read as a dataset that was saved: ${name} is not as it should be`,
    'Save the dataset again, or name one of its files.',
  );
}

/** A name of something in the folder itself: no way out of it, nothing hidden. */
function isPlainName(name: string): boolean {
  return /^[^./\\\0][^/\\\0]{0,254}$/.test(name);
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function textsOf(value: unknown): readonly string[] | null {
  if (!Array.isArray(value)) return null;
  const items: readonly unknown[] = value;
  const texts = items.filter((item) => typeof item === 'string');
  return texts.length === items.length ? texts : null;
}

/** The line that stands before a file's bytes where a folder's are counted and hashed. */
export async function shardHeader({ name, path }: Shard): Promise<{ bytes: Uint8Array; size: number }> {
  const { size } = await stat(path);
  return { bytes: Buffer.from(`${JSON.stringify(name)} ${size}\n`), size };
}

/** A file's records, with its name where a row is bad: the line is one of that file. */
export async function* inShard(records: Records, { name }: Shard): Records {
  try {
    for (;;) {
      const { done, value } = await records.next();
      if (done === true) return value;
      yield { ...value, content: inFile(value.content, name) };
    }
  } finally {
    // Whoever reads may stop early: the file is closed then, too.
    await records.return(0);
  }
}

function inFile(content: RecordContent, name: string): RecordContent {
  return 'reason' in content ? { reason: `${content.reason} (in ${shown(name)})` } : content;
}
