/** A conversation from a JSON file: a list of turns, or an object that has one under `messages`. */
import { open } from 'node:fs/promises';
import { reasonOf, ReptraceError } from '../lib/errors.ts';
import type { ChatTurn } from '../lib/mesh/compute-messages.ts';
import { chatTurns } from '../services/index/datasets/chat.ts';
import type { JsonValue } from '../services/index/datasets/dataset.ts';

/** Far more than any model's context. */
const MAX_BYTES = 8 << 20;

/** Throws INPUT_INVALID, naming the file. */
export async function readMessages(path: string): Promise<readonly ChatTurn[]> {
  try {
    // JSON.parse gives JSON values and nothing else.
    const value = JSON.parse(await readBounded(path)) as JsonValue;
    return chatTurns(isList(value) || !isObject(value) ? value : (value['messages'] ?? null));
  } catch (error) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `the messages in ${JSON.stringify(path)} cannot be read: ${reasonOf(error)}`,
      'Give a JSON file with a list such as [{"role": "user", "content": "Hello"}].',
      { cause: error },
    );
  }
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.byteLength - length, null);
      length += bytesRead;
      if (length > MAX_BYTES) throw new Error(`the file has more than ${MAX_BYTES} bytes`);
      if (bytesRead === 0)
        return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length));
    }
  } finally {
    await file.close();
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null;
}
