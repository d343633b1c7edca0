/** What a key-value entry holds: `{"value": …}`, or `{"object": name}` where the value is an object of its own. */
import { damaged } from './documents.ts';

export type Entry = { readonly value: unknown } | { readonly object: string };

export function inlineEntry(text: string): Uint8Array {
  return Buffer.from(`{"value":${text}}`);
}

export function referenceEntry(object: string): Uint8Array {
  return Buffer.from(JSON.stringify({ object }));
}

/** How the names of a record's objects start, so that no entry can lead to what is another record's. */
export function objectPrefix(collection: string, key: string): string {
  return `${collection}/${key}`;
}

/** Throws INTERNAL when it is no entry of ours. */
export function readEntry(collection: string, key: string, bytes: Uint8Array): Entry {
  let entry: unknown;
  try {
    entry = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged(collection, key, 'its entry is no JSON', error);
  }
  if (typeof entry === 'object' && entry !== null) {
    if ('value' in entry) return { value: entry.value };
    if ('object' in entry && isObjectOf(collection, key, entry.object)) return { object: entry.object };
  }
  throw damaged(collection, key, 'its entry has neither a value nor an object of this record');
}

/** The object that an entry leads to, if any; entries that cannot be read lead nowhere, so that they can be overwritten. */
export function objectOf(collection: string, key: string, bytes: Uint8Array): string | undefined {
  try {
    const entry = readEntry(collection, key, bytes);
    return 'object' in entry ? entry.object : undefined;
  } catch {
    return undefined;
  }
}

function isObjectOf(collection: string, key: string, object: unknown): object is string {
  return typeof object === 'string' && object.startsWith(`${objectPrefix(collection, key)}/`);
}
