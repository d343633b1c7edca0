/** Whether a folder holds a model or an adapter as a whole, by the names of its files. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../absent.ts';

const INDEX = 'model.safetensors.index.json';
const MAX_INDEX_BYTES = 1 << 26;

/** A file without which the folder is not whole; undefined when nothing is missing. A link to nothing is missing. */
export async function missingModelFile(folder: string): Promise<string | undefined> {
  const names = await unlessAbsent(readdir(folder), []);
  const gguf = names.find((name) => name.endsWith('.gguf'));
  if (names.includes('adapter_config.json')) {
    return firstMissing(folder, ['adapter_config.json', 'adapter_model.safetensors']);
  }
  if (names.includes(INDEX) && !names.includes('model.safetensors')) {
    return firstMissing(folder, ['config.json', INDEX, ...(await shardsOf(join(folder, INDEX)))]);
  }
  if (gguf !== undefined && !names.includes('model.safetensors')) return firstMissing(folder, [gguf]);
  return firstMissing(folder, ['config.json', 'model.safetensors']);
}

async function firstMissing(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const found = await unlessAbsent(stat(join(folder, name)), undefined);
    if (found?.isFile() !== true) return name;
  }
  return undefined;
}

/** None for an index that cannot be read: opening the model says what is wrong with it. */
async function shardsOf(index: string): Promise<string[]> {
  const found = await unlessAbsent(stat(index), undefined);
  if (found === undefined || found.size > MAX_INDEX_BYTES) return [];
  let json: unknown;
  try {
    json = JSON.parse(await readFile(index, 'utf8'));
  } catch {
    return [];
  }
  const map = isObject(json) ? json['weight_map'] : undefined;
  const shards = isObject(map) ? Object.values(map).filter((name) => typeof name === 'string') : [];
  return [...new Set(shards)].filter((name) => /^[^./\\:\0][^/\\:\0]*$/.test(name));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
