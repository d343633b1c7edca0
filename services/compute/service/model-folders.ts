/** Paths of models: those that a client names, and those that lie in the worker's model folders, by file names alone. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { resolveAllowed } from '../../../lib/allowed-path.ts';
import { allowedOrCached } from '../../../lib/hub/cached.ts';

export interface FoundPaths {
  /** Folders with safetensors, and GGUF files. Real paths. */
  readonly models: readonly string[];
  /** Folders with a PEFT LoRA adapter. */
  readonly adapters: readonly string[];
}

const GGUF = '.gguf';
/** Below each folder: the Hugging Face cache has models three levels deep (models--NAME/snapshots/REVISION). */
const MAX_DEPTH = 3;
/** Entries that are looked at in all, so that a folder of something else does not hold a worker up. */
const MAX_ENTRIES = 20_000;

/** The real path of a model folder or GGUF file. Throws PATH_NOT_ALLOWED. */
export async function allowedModel(path: string, roots: readonly string[]): Promise<string> {
  const real = await resolveAllowed(path, roots);
  // In the Hugging Face cache, a GGUF file is a link to one without that ending: its own name says what it is.
  if (!path.endsWith(GGUF) || real.endsWith(GGUF)) return real;
  return join(await resolveAllowed(dirname(path), roots), basename(path));
}

/** The same, and for what is not there under the roots: the model or adapter of that name in the Hugging Face cache. */
export function modelByPathOrName(given: string, roots: readonly string[]): Promise<string> {
  return allowedOrCached(given, 'model', (path) => allowedModel(path, roots));
}

/** Breadth first, each folder in the order of names. Links are followed only within the folders; hidden ones are left out. */
export async function findModels(folders: readonly string[]): Promise<FoundPaths> {
  const models = new Set<string>();
  const adapters = new Set<string>();
  const seen = new Set<string>();
  let entries = 0;
  let level: string[] = [];
  for (const folder of folders) {
    const real = await allowedModel(folder, folders);
    if (real.endsWith(GGUF) && (await isFile(real))) models.add(real);
    else level.push(real);
  }
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const below: string[] = [];
    for (const path of level) {
      if (seen.has(path) || entries >= MAX_ENTRIES) continue;
      seen.add(path);
      const found = await entriesOf(path);
      entries += found.length;
      const names = new Set(found.map(({ name }) => name));
      if (isModel(names)) models.add(path);
      if (names.has('adapter_config.json')) adapters.add(path);
      for (const entry of found) {
        const inside = await insideOf(path, entry, folders);
        if (inside === undefined) continue;
        if (inside.endsWith(GGUF)) models.add(inside);
        else below.push(inside);
      }
    }
    level = below;
  }
  return { models: [...models], adapters: [...adapters] };
}

function isModel(names: ReadonlySet<string>): boolean {
  return (
    names.has('config.json') && (names.has('model.safetensors') || names.has('model.safetensors.index.json'))
  );
}

/** The real path of a folder or GGUF file that may be a model; undefined for anything else. */
async function insideOf(
  path: string,
  entry: Dirent,
  folders: readonly string[],
): Promise<string | undefined> {
  const { name } = entry;
  if (name.startsWith('.')) return undefined;
  const whole = join(path, name);
  if (entry.isDirectory()) return whole;
  if (entry.isFile()) return name.endsWith(GGUF) ? whole : undefined;
  if (!entry.isSymbolicLink()) return undefined;
  // A link that leads out of the folders is none of ours.
  const real = await allowedModel(whole, folders).catch(() => undefined);
  return real === undefined || (!real.endsWith(GGUF) && (await isFile(real))) ? undefined : real;
}

/** In the order of names; none for what is no folder, or cannot be read. */
async function entriesOf(path: string): Promise<Dirent[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
