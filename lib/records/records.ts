/**
 * Port: small documents that services own (indexes, traces, models known), each with a revision, so that two writers cannot
 * overwrite each other unseen. Values are JSON; a value may have some megabytes, at most MAX_VALUE_BYTES.
 *
 * Collections and keys are [A-Za-z0-9_-]{1,200}; encode anything else (see `recordKey`). Every method throws INPUT_INVALID
 * for others, and STORE_UNREACHABLE after `close`.
 */
import { createHash } from 'node:crypto';

export interface Records {
  /** Throws STORE_UNREACHABLE, and INTERNAL when what is stored there is no value of ours. */
  get<T>(collection: string, key: string): Promise<StoredRecord<T> | undefined>;
  /**
   * Writes the whole value and resolves once it is durable; gives the new revision, greater than every one that this key
   * ever had, also before it was deleted.
   * @param expected the revision that is to be replaced, or `absent`; left out, whatever is there.
   * Throws CONFLICT when something else is there, REQUEST_TOO_LARGE, DISK_FULL, STORE_UNREACHABLE. After STORE_UNREACHABLE the
   * value may or may not have been written: only the answer may have been lost.
   */
  put(collection: string, key: string, value: unknown, expected?: number | 'absent'): Promise<number>;
  /** Whether it was there. Throws CONFLICT as `put` does, so also when a revision is expected and nothing is there. */
  delete(collection: string, key: string, expected?: number): Promise<boolean>;
  /** All of a collection, in the order of their keys. What is written meanwhile may or may not be seen. Throws as `get` does. */
  list<T>(collection: string): AsyncIterable<StoredRecord<T> & { readonly key: string }>;
  /** Resolves when records can be read; throws STORE_UNREACHABLE. For health checks. */
  ping(): Promise<void>;
  /** Safe to call twice. */
  close(): Promise<void>;
}

export interface StoredRecord<T> {
  readonly value: T;
  readonly revision: number;
}

/** Bytes of UTF-8 that the JSON of one value may have. */
export const MAX_VALUE_BYTES = 64 * 2 ** 20;

/**
 * Any text as a key, different texts as different keys: the text itself when it may be one and starts with a letter or a
 * digit; else an underscore and its base64url; where that is too long, or the text no well-formed Unicode (which base64url
 * of UTF-8 would confuse), a hyphen and its SHA-256.
 */
export function recordKey(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,199}$/.test(text)) return text;
  const bytes = Buffer.from(text);
  const encoded = `_${bytes.toString('base64url')}`;
  if (encoded.length <= 200 && bytes.toString() === text) return encoded;
  return `-${createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('base64url')}`;
}
