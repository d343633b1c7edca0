/** The text files of a model in a GGUF file: those beside it, completed from its metadata. */
import { ReptraceError } from '../../../../../lib/errors.ts';
import type { Folder } from '../folder-files.ts';
import type { ModelConfig } from '../model-config.ts';
import { parseJson, readModelText, type ModelText, type TextFiles } from '../model-text.ts';
import { TimeLimitError, withTimeLimit } from '../time-limit.ts';
import type { GgufHeader } from './gguf-header.ts';
import { ggufTokenizer, ggufVocabularySize } from './gguf-tokenizer.ts';

/** Milliseconds for a vocabulary, ten times what the largest published one takes. */
const TIME_LIMIT = 20_000;

const REMEDY = "Put the model's tokenizer.json beside the GGUF file.";

const encoder = new TextEncoder();

/** Config aside. Throws TOKENIZER_MISMATCH where a tokenizer.json beside is of another vocabulary than the file's own. */
export async function readGgufText(
  folder: Folder,
  name: string,
  header: GgufHeader,
  config: ModelConfig,
): Promise<{ text: ModelText; files: TextFiles }> {
  let own = false;
  const complete = (beside: TextFiles): TextFiles => {
    own = beside['tokenizer.json'] === null;
    return withMetadata(name, header, beside);
  };
  try {
    const read = await readModelText(folder, config, complete);
    checkVocabulary(name, header, read.text);
    return read;
  } catch (error) {
    if (!own || !(error instanceof ReptraceError) || !error.message.startsWith('tokenizer.json')) throw error;
    throw new ReptraceError(error.code, `The tokenizer of ${name}, as a ${error.message}`, REMEDY, {
      cause: error,
    });
  }
}

/**
 * A file beside wins. Without tokenizer.json there, tokenizer and special tokens are the metadata's, where
 * tokenizer_config.json does not name others; without a chat template, it is the metadata's too.
 */
function withMetadata(name: string, { metadata }: GgufHeader, beside: TextFiles): TextFiles {
  const configBytes = beside['tokenizer_config.json'];
  const config = configBytes === null ? undefined : parseJson('tokenizer_config.json', configBytes);
  const template = metadata.get('tokenizer.chat_template');
  const hasTemplate =
    beside['chat_template.jinja'] !== null ||
    (typeof config === 'object' &&
      config !== null &&
      'chat_template' in config &&
      config.chat_template !== null);
  const files = {
    ...beside,
    'chat_template.jinja':
      !hasTemplate && typeof template === 'string' ? encoder.encode(template) : beside['chat_template.jinja'],
  };
  const own =
    beside['tokenizer.json'] === null ? limited(name, () => ggufTokenizer(name, metadata)) : undefined;
  if (own === undefined) return files;
  return {
    ...files,
    'tokenizer.json': encoder.encode(JSON.stringify(own.tokenizer)),
    'tokenizer_config.json': encoder.encode(
      JSON.stringify({ ...own.config, ...(config as object | undefined) }),
    ),
  };
}

/** Padding aside. */
function checkVocabulary(name: string, { metadata }: GgufHeader, text: ModelText): void {
  const { tokenizer, config } = text;
  const expected = ggufVocabularySize(metadata);
  if (tokenizer === null || expected === undefined) return;
  let size = config.vocabSize;
  while (size > 0 && tokenizer.tokenPiece(size - 1) === '') size--;
  // Tokens that one calls padding may be named by the other.
  const listed = metadata.get('tokenizer.ggml.tokens');
  const most = typeof listed === 'object' ? listed.length : expected;
  if (size >= expected && size <= most) return;
  throw new ReptraceError(
    'TOKENIZER_MISMATCH',
    `The tokenizer.json beside ${name} has ${size} tokens, the file's own tokenizer ${expected}.`,
    'Put the tokenizer.json of the same model beside the GGUF file, or remove it.',
  );
}

function limited<T>(name: string, work: () => T): T {
  try {
    return withTimeLimit(TIME_LIMIT, work);
  } catch (error) {
    if (!(error instanceof TimeLimitError)) throw error;
    throw new ReptraceError(
      'TOKENIZER_INVALID',
      `The tokenizer of ${name} takes longer than ${TIME_LIMIT} ms to build.`,
      REMEDY,
      { cause: error },
    );
  }
}
