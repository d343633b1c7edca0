/** The files of a model's folder that are carried over as they are: tokenizer, template, what generation begins with. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFolder, readSmallFile } from '../folder-files.ts';
import type { ModelSource } from '../model-source.ts';
import { TEXT_FILES } from '../model-text.ts';

const MAX_BYTES = 1 << 26;

/** What else may lie beside them and transformers reads. */
const BESIDE = [
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'vocab.txt',
  'tokenizer.model',
  'generation_config.json',
] as const;

/** By their names: what the source reads text by, and what lies beside it. */
export async function carriedFiles(source: ModelSource): Promise<Map<string, Uint8Array>> {
  const folder = await openFolder(source.path);
  const files = new Map<string, Uint8Array>();
  for (const name of TEXT_FILES) {
    const bytes = source.textFiles[name];
    if (bytes !== null) files.set(name, bytes);
  }
  for (const name of BESIDE) {
    const bytes = await readSmallFile(folder, name, MAX_BYTES);
    if (bytes !== undefined) files.set(name, bytes);
  }
  return files;
}

export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, Uint8Array | string>,
): Promise<void> {
  for (const [name, content] of files) await writeFile(join(folder, name), content, { flag: 'wx' });
}
