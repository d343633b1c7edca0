/**
 * The files of a dataset's folder as it comes from a hub. Files belong together that are called the same but for a number;
 * what they are called tells the split. Of several such groups the one is taken that is of the split `train`, or of the one
 * that is asked for.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../../lib/errors.ts';
import { isDataName, kindExtension } from './kinds.ts';
import { invalidDataset, plain, shownList } from './problems.ts';

const MAX_DEPTH = 4;
const MAX_ENTRIES = 50_000;

/** What describes a dataset or a model, and has no rows. */
const DESCRIPTIONS: ReadonlySet<string> = new Set([
  'dataset_info.json',
  'dataset_infos.json',
  'dataset_dict.json',
  'state.json',
  'config.json',
  'croissant.json',
]);

/** `-00000-of-00002`, `_3`, `-00000-of-00001-a09b74b3ef9c3b56`: what numbers the files of a group. */
const NUMBER = /(?:^|[-_.]?(?:part-?)?)\d+(?:-of-\d+)?(?:-[0-9a-f]{16})?$/i;

/** The words that Hugging Face knows splits by. */
const SPLITS: readonly (readonly [string, readonly string[]])[] = [
  ['train', ['train', 'training']],
  ['test', ['test', 'testing', 'eval', 'evaluation']],
  ['validation', ['validation', 'valid', 'val', 'dev']],
];

/** Names of files by their group, as `groupOf` calls it. */
type Groups = ReadonlyMap<string, readonly string[]>;

/** Where a dataset's own splits lie; below other folders there may be other datasets. */
const HOMES: readonly string[] = ['', 'data/', 'default/'];
/** A split of any name is numbered so. */
const SHARD = /-\d+-of-\d+/;

/** Throws DATASET_INVALID: none, or several that may be meant. */
export async function downloadedFiles(folder: string): Promise<readonly string[]> {
  const groups = grouped(await dataNames(folder));
  const names = [...groups.keys()];
  if (names.length === 0) {
    throw invalidDataset(
      `${folder} holds no file that is known as a dataset's`,
      'Name a folder with JSON lines, CSV, Parquet or Arrow files, or one of them.',
    );
  }
  const trains = names.filter((name) => splitOf(name) === 'train');
  const chosen = names.length === 1 ? names[0] : trains.length === 1 ? trains[0] : undefined;
  if (chosen !== undefined) return filesOf(groups, chosen);
  throw severalMeant(folder, groups);
}

/**
 * The files of the split that is called so, be it by another word for it (`dev`), and the names of all splits there are.
 * Throws DATASET_INVALID where several groups may be meant.
 */
export async function downloadedSplit(
  folder: string,
  split: string,
): Promise<{ readonly files: readonly string[] | null; readonly splits: readonly string[] }> {
  // A folder that cannot be looked through has no split that could be named.
  const groups = grouped(await dataNames(folder).catch(() => []));
  const splits = splitsIn(groups);
  // Only the word itself: `train2` is none of these.
  const meant = SPLITS.find(([, words]) => words.includes(split.toLowerCase()))?.[0];
  const exact = splits.filter(({ name }) => name === split);
  const found =
    exact.length > 0 ? exact : splits.filter(({ name }) => meant !== undefined && splitOf(name) === meant);
  if (found.length > 1)
    throw severalMeant(folder, new Map(found.map(({ group }) => [group, filesOf(groups, group)])));
  const files = found.length === 0 ? null : filesOf(groups, found[0].group);
  return { files, splits: [...new Set(splits.map(({ name }) => name))].sort(byName) };
}

function splitsIn(groups: Groups): readonly { readonly name: string; readonly group: string }[] {
  const folders = [...groups.keys()].map((group) => group.slice(0, group.lastIndexOf('/') + 1));
  const isOne = new Set(folders).size === 1;
  return [...groups].flatMap(([group, files], i) => {
    const name = group.slice(folders[i].length, group.lastIndexOf('*'));
    const isSplit = splitOf(name) !== undefined || files.every((file) => SHARD.test(file));
    return name !== '' && isSplit && (isOne || HOMES.includes(folders[i])) ? [{ name, group }] : [];
  });
}

function grouped(names: readonly string[]): Groups {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const group = groupOf(name);
    const files = groups.get(group);
    if (files === undefined) groups.set(group, [name]);
    else files.push(name);
  }
  return groups;
}

function filesOf(groups: Groups, group: string): readonly string[] {
  return [...(groups.get(group) ?? [])].sort(byName);
}

function severalMeant(folder: string, groups: Groups) {
  const choices = [...groups].map(([group, files]) => (files.length === 1 ? files[0] : group)).sort(byName);
  const [split] = splitsIn(groups);
  const bySplit = split === undefined ? '' : `a split, as ${plain(join(folder, split.name))}, or `;
  return invalidDataset(
    `${folder} holds several datasets, and it is not clear which one is meant: ${shownList(choices)}`,
    `Name ${bySplit}one of the files, or a folder that holds only the files of one.`,
  );
}

/** Of files and of what links to files, below the folder; hidden ones are left out. */
async function dataNames(folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  let entries = 0;
  const visit = async (prefix: string, depth: number): Promise<void> => {
    const found = await readdir(`${folder}/${prefix}`, { withFileTypes: true }).catch((error: unknown) => {
      throw invalidDataset(`${folder} cannot be read: ${reasonOf(error)}`, 'Name a folder that may be read.');
    });
    entries += found.length;
    if (entries > MAX_ENTRIES)
      throw invalidDataset(`${folder} holds more than ${MAX_ENTRIES} files`, 'Name a folder of one dataset.');
    for (const entry of found) {
      if (entry.name.startsWith('.')) continue;
      const name = prefix + entry.name;
      if (entry.isDirectory() && depth < MAX_DEPTH) await visit(`${name}/`, depth + 1);
      else if (!entry.isFile() && !entry.isSymbolicLink()) continue;
      else if (isDataName(entry.name) && !DESCRIPTIONS.has(entry.name)) names.push(name);
    }
  };
  await visit('', 0);
  return names;
}

/** The name with a star for its number: `data/train*.parquet`. */
function groupOf(name: string): string {
  const extension = kindExtension(name);
  const stem = name.slice(0, name.toLowerCase().lastIndexOf(extension));
  const bare = stem.replace(NUMBER, '').replace(/\/$/, '');
  return `${bare}*${extension}`;
}

/** By the last word in it that is one of a split. */
function splitOf(group: string): string | undefined {
  const words = group.toLowerCase().split(/[^a-z]+/);
  return words
    .map((word) => SPLITS.find(([, names]) => names.includes(word))?.[0])
    .findLast((split) => split !== undefined);
}

/** Numbers in names have leading zeros; where they have none, 10 comes behind 9. */
function byName(a: string, b: string): number {
  return COLLATOR.compare(a, b) || (a < b ? -1 : 1);
}

const COLLATOR = new Intl.Collator('en', { numeric: true });
