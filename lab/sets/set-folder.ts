/**
 * A set's folder: rows.jsonl, queries.jsonl, and set.json, the manifest. Written under another name and renamed, so it is there as a
 * whole or not at all; what is read must be what the manifest says.
 */
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import { newFolder } from '../../services/compute/engine/model/convert/new-folder.ts';
import { datasetBytes } from '../../services/index/datasets/dataset-bytes.ts';
import type { MadeSet } from './make-set.ts';
import type { Recipe } from './recipe.ts';
import { parseQuery, parseRow, queryLine, rowLine } from './set-lines.ts';
import { parseManifest, SET_VERSION, withNames, type SetCounts, type SetManifest } from './set-manifest.ts';
import type { EvalSet } from './set.ts';

const FILES = { rows: 'rows.jsonl', queries: 'queries.jsonl', manifest: 'set.json' } as const;
/** Sets are read and written whole: in bytes of a file, and in characters (UTF-16 units) of its texts, each at most six as JSON. */
const MAX_BYTES = 1 << 29;
const MAX_CHARACTERS = 1 << 26;

/**
 * @param folder that is not there yet, or empty
 * Throws INPUT_INVALID for a folder that holds something, REQUEST_TOO_LARGE, DISK_FULL, and what reading the clean data throws.
 */
export async function writeSet(
  folder: string,
  recipe: Recipe,
  set: EvalSet & Partial<MadeSet>,
): Promise<void> {
  refuseLarge(set);
  const rows = set.rows.map(rowLine).join('');
  const queries = set.queries.map(queryLine).join('');
  const manifest: SetManifest = {
    version: SET_VERSION,
    recipe: withNames(recipe),
    digests: { clean: await digestOfData(recipe.clean.file), rows: sha256(rows), queries: sha256(queries) },
    counts: countsOf(set),
    warnings: set.warnings ?? [],
  };
  await newFolder(folder, Buffer.byteLength(rows) + Buffer.byteLength(queries), async (temporary) => {
    await writeFile(join(temporary, FILES.rows), rows);
    await writeFile(join(temporary, FILES.queries), queries);
    await writeFile(join(temporary, FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  });
}

/** Throws DATASET_INVALID for a folder that is no set, or whose files are not those that the manifest was written with. */
export async function readSet(folder: string): Promise<EvalSet> {
  const manifest = await readManifest(folder);
  const [rows, queries] = [
    await readLines(folder, FILES.rows, manifest.digests.rows, parseRow),
    await readLines(folder, FILES.queries, manifest.digests.queries, parseQuery),
  ];
  const set = { rows, queries, behaviour: manifest.recipe.behaviour };
  const counts = countsOf(set);
  for (const [name, count] of Object.entries(manifest.counts)) {
    if (new Map<string, unknown>(Object.entries(counts)).get(name) !== count)
      throw invalid(folder, `${FILES.manifest}: counts.${name} is not what its files hold`);
  }
  return set;
}

/** Throws DATASET_INVALID, as `readSet`. */
export async function readManifest(folder: string): Promise<SetManifest> {
  try {
    return parseManifest(await readBounded(join(folder, FILES.manifest)));
  } catch (error) {
    throw invalid(folder, `${FILES.manifest}: ${reasonOf(error)}`, error);
  }
}

function countsOf({ rows, queries }: EvalSet): SetCounts {
  const labelled = (label: string): number => rows.filter((row) => row.label === label).length;
  const calling = queries.filter(({ calls }) => calls).length;
  return {
    ...{ clean: labelled('clean'), poison: labelled('poison'), decoys: labelled('decoy') },
    others: labelled('other'),
    trained: rows.filter(({ trained }) => trained).length,
    ...{ calling, asking: queries.length - calling },
  };
}

async function readLines<T>(
  folder: string,
  name: string,
  digest: string,
  parse: (line: string) => T,
): Promise<T[]> {
  let content: string;
  try {
    content = await readBounded(join(folder, name));
  } catch (error) {
    throw invalid(folder, `${name}: ${reasonOf(error)}`, error);
  }
  if (sha256(content) !== digest) throw invalid(folder, `${name} is not the file that was written`);
  const items: T[] = [];
  for (const [index, line] of content.split('\n').entries()) {
    if (line === '') continue;
    try {
      items.push(parse(line));
    } catch (error) {
      throw invalid(folder, `${name}, line ${index + 1}: ${reasonOf(error)}`, error);
    }
  }
  return items;
}

function refuseLarge({ rows, queries }: EvalSet): void {
  let characters = 0;
  for (const { prompt, response, group } of rows)
    characters += prompt.length + response.length + group.length;
  for (const { prompt, group } of queries) characters += prompt.length + group.length;
  if (characters <= MAX_CHARACTERS) return;
  throw new ReptraceError(
    'REQUEST_TOO_LARGE',
    `the evaluation set has ${characters} characters`,
    `A set may have ${MAX_CHARACTERS}: ask for fewer rows.`,
  );
}

async function readBounded(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  return readFile(path, 'utf8');
}

async function digestOfData(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of datasetBytes(path)) hash.update(chunk);
  return hash.digest('hex');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function invalid(folder: string, wrong: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'DATASET_INVALID',
    `the evaluation set ${folder} cannot be read: ${wrong}`,
    'Make it again with `reptrace make-eval`.',
    { cause },
  );
}
