/**
 * The files of a dataset's folder as it comes from a hub. Files belong together that are called the same but for a number;
 * what they are called tells the split. Of several such groups the one is taken that is of the split `train`.
 */
import { readdir } from 'node:fs/promises';
import { reasonOf } from '../../../lib/errors.ts';
import { isDataName, kindExtension } from './kinds.ts';
import { invalidDataset, shownList } from './problems.ts';

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

/** Throws DATASET_INVALID: none, or several that may be meant. */
export async function downloadedFiles(folder: string): Promise<readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of await dataNames(folder)) {
    const group = groupOf(name);
    const files = groups.get(group);
    if (files === undefined) groups.set(group, [name]);
    else files.push(name);
  }
  const names = [...groups.keys()];
  if (names.length === 0) {
    throw invalidDataset(
      `${folder} holds no file that is known as a dataset's`,
      'Name a folder with JSON lines, CSV, Parquet or Arrow files, or one of them.',
    );
  }
  const trains = names.filter((name) => splitOf(name) === 'train');
  const chosen = names.length === 1 ? names[0] : trains.length === 1 ? trains[0] : undefined;
  if (chosen !== undefined) return (groups.get(chosen) ?? []).sort(byName);
  const choices = [...groups].map(([group, files]) => (files.length === 1 ? files[0] : group)).sort(byName);
  throw invalidDataset(
    `${folder} holds several datasets, and it is not clear which one is meant: ${shownList(choices)}`,
    'Name one of the files, or a folder that holds only the files of one.',
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
