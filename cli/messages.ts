/** A conversation from a JSON file: a list of turns, or an object that has one under `messages`. */
import { reasonOf, ReptraceError } from '../lib/errors.ts';
import type { ChatTurn } from '../lib/mesh/compute-messages.ts';
import { readBounded } from '../lib/read-bounded.ts';
import { chatTurns } from '../services/index/datasets/chat.ts';
import type { JsonValue } from '../services/index/datasets/dataset.ts';

/** Far more than any model's context. */
const MAX_BYTES = 8 << 20;

/** Throws INPUT_INVALID, naming the file. */
export async function readMessages(path: string): Promise<readonly ChatTurn[]> {
  try {
    // JSON.parse gives JSON values and nothing else.
    const value = JSON.parse(await readBounded(path, MAX_BYTES)) as JsonValue;
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

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null;
}
