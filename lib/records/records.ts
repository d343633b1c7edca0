/**
 * Port: small documents that services own (indexes, traces, models known), each with a revision, so that two writers cannot
 * overwrite each other unseen. Values are JSON; a value may have some megabytes.
 *
 * Collections and keys are [A-Za-z0-9_-]{1,200}; encode anything else (see `recordKey`).
 */
export interface Records {
  get<T>(collection: string, key: string): Promise<StoredRecord<T> | undefined>;
  /**
   * Writes the whole value and resolves once it is durable; gives the new revision, greater than the last.
   * @param expected the revision that is to be replaced, or `absent`; left out, whatever is there.
   * Throws CONFLICT when something else is there, DISK_FULL, STORE_UNREACHABLE.
   */
  put(collection: string, key: string, value: unknown, expected?: number | 'absent'): Promise<number>;
  /** Whether it was there. Throws CONFLICT as `put` does. */
  delete(collection: string, key: string, expected?: number): Promise<boolean>;
  /** All of a collection, in the order of their keys. */
  list<T>(collection: string): AsyncIterable<StoredRecord<T> & { readonly key: string }>;
  /** Resolves when records can be read; throws STORE_UNREACHABLE. For health checks. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface StoredRecord<T> {
  readonly value: T;
  readonly revision: number;
}

/** Any text as a key: itself when it may be one, else `~`-free base64url after an underscore. */
export function recordKey(text: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9-]{0,150}$/.test(text) ? text : `_${Buffer.from(text).toString('base64url')}`;
}
