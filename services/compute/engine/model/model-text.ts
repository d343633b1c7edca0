/**
 * The part of a model folder that deals in text: config, tokenizer and chat template. It opens without any weights,
 * for folders whose weights are in another format, and for tools that only need tokens.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReptraceError, reasonOf } from '../../../../lib/errors.ts';
import { configInvalid } from './config-fields.ts';
import { openFolder, readSmallFile, type Folder } from './folder-files.ts';
import { parseBoundedJson } from './json-bounds.ts';
import { parseModelConfig, type ModelConfig } from './model-config.ts';
import { parseTemplate, type ChatTemplate } from './template.ts';
import { createTokenizer, type ModelTokenizer } from './tokenizer.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';

export interface ModelText {
  /** Real path of the folder. */
  readonly path: string;
  readonly config: ModelConfig;
  /** null when the folder has no tokenizer.json; see requireTokenizer. */
  readonly tokenizer: ModelTokenizer | null;
  /** null when the folder has no chat template: text is then rendered in the plain [INST] form. */
  readonly template: ChatTemplate | null;
}

/** The files that decide how text becomes tokens, as read; null for one that is not there. */
export type TextFiles = Readonly<Record<TextFileName, Uint8Array | null>>;

export const TEXT_FILES = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'] as const;
type TextFileName = (typeof TEXT_FILES)[number];

const MAX_CONFIG_BYTES = 1 << 20;
/** The largest published tokenizer.json files have some 35 MB. */
const MAX_TEXT_BYTES: Readonly<Record<TextFileName, number>> = {
  'tokenizer.json': 1 << 26,
  'tokenizer_config.json': 1 << 24,
  'chat_template.jinja': 1 << 20,
};

export async function openModelText(dir: string): Promise<ModelText> {
  return (await readModelText(await openFolder(dir))).text;
}

/**
 * Also gives the files' bytes, for the digest.
 * @param given the model's config, where it does not come from the folder's config.json
 * @param complete adds what is known from elsewhere to the files that the folder has
 */
export async function readModelText(
  folder: Folder,
  given?: ModelConfig,
  complete: (files: TextFiles) => TextFiles = (files) => files,
): Promise<{ text: ModelText; files: TextFiles }> {
  const config = given ?? (await requireConfig(folder));
  const read = async (name: TextFileName): Promise<Uint8Array | null> =>
    (await readSmallFile(folder, name, MAX_TEXT_BYTES[name])) ?? null;
  const files = complete({
    'tokenizer.json': await read('tokenizer.json'),
    'tokenizer_config.json': await read('tokenizer_config.json'),
    'chat_template.jinja': await read('chat_template.jinja'),
  });
  const settings = parseTokenizerConfig(
    files['tokenizer_config.json'] === null
      ? {}
      : parseJson('tokenizer_config.json', files['tokenizer_config.json']),
  );
  const source =
    files['chat_template.jinja'] === null
      ? settings.chatTemplate
      : templateText(files['chat_template.jinja']);
  const tokenizer =
    files['tokenizer.json'] === null
      ? null
      : createTokenizer(
          parseJson('tokenizer.json', files['tokenizer.json']),
          files['tokenizer.json'].byteLength,
          settings,
          config,
        );
  const template = source === null ? null : parseTemplate(source);
  return { text: { path: folder.path, config, tokenizer, template }, files };
}

export function requireTokenizer(text: Pick<ModelText, 'path' | 'tokenizer'>): ModelTokenizer {
  if (text.tokenizer !== null) return text.tokenizer;
  throw new ReptraceError(
    'TOKENIZER_INVALID',
    `The model folder ${JSON.stringify(text.path)} has no tokenizer: the file tokenizer.json is missing.`,
    'Copy tokenizer.json (and tokenizer_config.json) of the model into the folder.',
  );
}

async function requireConfig(folder: Folder): Promise<ModelConfig> {
  const config = await readConfig(folder);
  if (config !== undefined) return config;
  const isAdapter = await stat(join(folder.path, 'adapter_config.json')).then(
    () => true,
    () => false,
  );
  throw new ReptraceError(
    'MODEL_NOT_FOUND',
    `The folder ${JSON.stringify(folder.path)} holds no model: the file config.json is missing.`,
    isAdapter
      ? 'It holds an adapter: give it as the adapter, and the model that it was trained on as the model.'
      : 'Give the folder that holds config.json, the weights and the tokenizer.',
  );
}

/** The folder's config.json; undefined when there is none. */
export async function readConfig(folder: Folder): Promise<ModelConfig | undefined> {
  const bytes = await readSmallFile(folder, 'config.json', MAX_CONFIG_BYTES);
  if (bytes === undefined) return undefined;
  let json: unknown;
  try {
    json = parseBoundedJson(bytes);
  } catch (error) {
    throw configInvalid(`it is not valid JSON: ${reasonOf(error).slice(0, 200)}`);
  }
  return parseModelConfig(json);
}

export function parseJson(name: TextFileName, bytes: Uint8Array): unknown {
  try {
    return parseBoundedJson(bytes);
  } catch (error) {
    throw malformed(name, `is not valid JSON: ${reasonOf(error).slice(0, 200)}`, error);
  }
}

function templateText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw malformed('chat_template.jinja', 'is not valid UTF-8', error);
  }
}

function malformed(name: TextFileName, what: string, cause: unknown): ReptraceError {
  return new ReptraceError(
    name === 'chat_template.jinja' ? 'TEMPLATE_INVALID' : 'TOKENIZER_INVALID',
    `${name} ${what}.`,
    'Download the file again; it is damaged.',
    { cause },
  );
}
