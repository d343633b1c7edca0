/**
 * Where a model lies on this machine: a folder or GGUF file, with or without an adapter's folder; how it is opened, and how
 * it is known not to have changed without reading it.
 */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../../../lib/absent.ts';
import { adaptedModel } from '../engine/model/lora/adapted-model.ts';
import { openAdapter } from '../engine/model/lora/adapter-folder.ts';
import { TEXT_FILES } from '../engine/model/model-text.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import { ggufOf, openModel, type OpenModelOptions } from '../engine/model/open-model.ts';

export interface ModelPlace {
  /** Real path. */
  readonly path: string;
  /** Real path of a PEFT LoRA adapter's folder. */
  readonly lora: string | null;
}

/**
 * Opens it without its weights. Throws MODEL_NOT_FOUND, LORA_NOT_FOUND and what is wrong with its files.
 * @param options what becomes of quantised matrices; its digest does not depend on it
 */
export async function openPlace(
  { path, lora }: ModelPlace,
  options: OpenModelOptions = {},
): Promise<ModelSource> {
  const source = await openModel(path, options);
  return lora === null ? source : adaptedModel(source, await openAdapter(lora));
}

/**
 * SHA-256 over the paths and over name, size, time of change and inode of every file that counts: as long as it is the same,
 * so is the model. Files that are not there count as such.
 */
export async function placeKey({ path, lora }: ModelPlace): Promise<string> {
  const parts = [
    path,
    ...(await modelFiles(path)),
    ...(lora === null ? [] : [lora, ...(await adapterFiles(lora))]),
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

/** The same for an adapter alone. */
export async function adapterKey(lora: string): Promise<string> {
  const parts = ['adapter', lora, ...(await adapterFiles(lora))];
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

async function modelFiles(path: string): Promise<string[]> {
  const gguf = await ggufOf(path);
  // A file of another kind is no model, and has no files below it: opening it says so.
  const isFile = (await unlessAbsent(stat(path), null))?.isFile() ?? false;
  if (gguf === undefined && isFile) return [];
  const folder = gguf?.folder ?? path;
  const weights =
    gguf === undefined
      ? (await readdir(path).catch(() => [])).filter((name) => /\.safetensors(?:\.index\.json)?$/.test(name))
      : [gguf.name];
  return fingerprints(folder, ['config.json', ...TEXT_FILES, ...weights.sort()]);
}

function adapterFiles(lora: string): Promise<string[]> {
  return fingerprints(lora, ['adapter_config.json', 'adapter_model.safetensors']);
}

async function fingerprints(folder: string, names: readonly string[]): Promise<string[]> {
  const files = await Promise.all(
    names.map(async (name) => ({
      name,
      found: await unlessAbsent(stat(join(folder, name), { bigint: true }), null),
    })),
  );
  return files.map(({ name, found }) =>
    found === null ? name : `${name} ${found.size} ${found.mtimeNs} ${found.ctimeNs} ${found.ino}`,
  );
}
