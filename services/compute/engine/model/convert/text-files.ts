/** The files of a model's folder that are carried over as they are: tokenizer, template, what generation begins with. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFolder, readSmallFile } from '../folder-files.ts';
import { parseBoundedJson } from '../json-bounds.ts';
import type { ModelSource } from '../model-source.ts';

const MAX_BYTES = 1 << 26;

const CARRIED = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'vocab.txt',
  'tokenizer.model',
  'chat_template.jinja',
  'generation_config.json',
] as const;

/** Those that lie in the source's folder, with their bytes. */
export async function carriedFiles(source: ModelSource): Promise<Map<string, Uint8Array>> {
  const folder = await openFolder(source.path);
  const files = new Map<string, Uint8Array>();
  for (const name of CARRIED) {
    const bytes = await readSmallFile(folder, name, MAX_BYTES);
    if (bytes !== undefined) files.set(name, bytes);
  }
  // A template in a GGUF file's metadata is in no file yet.
  if (source.template !== null && !holdsTemplate(files))
    files.set('chat_template.jinja', Buffer.from(source.template.source));
  return files;
}

function holdsTemplate(files: ReadonlyMap<string, Uint8Array>): boolean {
  const config = files.get('tokenizer_config.json');
  const json: unknown = config === undefined ? undefined : parseBoundedJson(Uint8Array.from(config));
  const own =
    typeof json === 'object' && json !== null && 'chat_template' in json ? json.chat_template : null;
  return files.has('chat_template.jinja') || own !== null;
}

export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, Uint8Array | string>,
): Promise<void> {
  for (const [name, content] of files) await writeFile(join(folder, name), content, { flag: 'wx' });
}
