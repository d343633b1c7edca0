/**
 * Records in NATS: one key-value bucket for the entries `collection.key`, one object bucket for large values. Needs JetStream
 * and nothing newer than nats-server 2.9.
 *
 * A large value is written as an object under a fresh name before the entry that leads to it, and the object that it
 * replaces is deleted after: a crash or a lost answer may leave an object that nothing leads to, never an entry that leads
 * nowhere.
 *
 * Reads ask the leader of the bucket (no direct get), so that they see what was written last. Writes are as durable as the
 * server makes them before it answers: one server alone syncs its disk now and then (`sync_interval`, 2 minutes if not set;
 * `always` for every write); it loses nothing when it is killed, but may when its machine loses power.
 */
import { ReptraceError, reasonOf } from '../errors.ts';
import { checkName, conflict, damaged, fromText, isExpected, recordName, toText } from './documents.ts';
import { NatsBodies } from './nats-bodies.ts';
import { NatsBucket, type Slot } from './nats-bucket.ts';
import { inlineEntry, objectOf, objectPrefix, readEntry, referenceEntry } from './nats-entry.ts';
import { NatsLink, TIMEOUT_MS } from './nats-link.ts';
import type { Records, StoredRecord } from './records.ts';

export interface NatsRecordsOptions {
  /** What the names of the buckets start with; [A-Za-z0-9_-]+. */
  readonly namespace?: string;
  /** Servers of a cluster that keep a copy of each bucket that is made; 1 if not given. */
  readonly replicas?: number;
  /** Told of an object that could not be deleted: it takes room, and harms nothing. If not given, a warning on stderr. */
  readonly onLeftover?: (object: string, error: unknown) => void;
}

/** Entries of more bytes lead to an object. */
const INLINE_BYTES = 256 * 2 ** 10;
/** Room for an entry's own words and the headers beside it. */
const ENTRY_BYTES = 4096;
/** How long the first look at an object waits for each part, before it asks whether it was replaced meanwhile. */
const STALL_MS = 1000;
/** Others may be faster this often before a write or a read gives up. */
const ATTEMPTS = 100;
/** Entries that `list` reads at a time. */
const READ_AHEAD = 8;

/**
 * Connects, and makes the buckets if they are not there. Throws STORE_UNREACHABLE when no server answers within seconds;
 * CONFIG_INVALID for a URL that is none (see `parseNatsUrl`), INPUT_INVALID for a namespace that cannot be.
 */
export async function connectNatsRecords(url: string, options: NatsRecordsOptions = {}): Promise<Records> {
  const { namespace = 'reptrace', replicas = 1, onLeftover = warnOfLeftover } = options;
  checkNamespace(namespace);
  const link = await NatsLink.open(url, `${namespace}-records`);
  try {
    const bucket = `${namespace}_records`;
    const entries = await NatsBucket.open(link, bucket, replicas);
    const bodies = await NatsBodies.open(link, bucket, replicas);
    return new NatsRecords(link, entries, bodies, onLeftover);
  } catch (error) {
    await link.close();
    throw error;
  }
}

function warnOfLeftover(object: string, error: unknown): void {
  process.emitWarning(`the object ${object} could not be deleted: ${reasonOf(error)}`, 'ReptraceRecords');
}

function checkNamespace(namespace: string): void {
  if (/^[A-Za-z0-9_-]{1,100}$/.test(namespace)) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    `${JSON.stringify(namespace.slice(0, 80))} cannot be a namespace of records`,
    'Use 1 to 100 of the characters A-Z, a-z, 0-9, _ and -.',
  );
}

class NatsRecords implements Records {
  readonly #link: NatsLink;
  readonly #entries: NatsBucket;
  readonly #bodies: NatsBodies;
  readonly #onLeftover: (object: string, error: unknown) => void;

  constructor(
    link: NatsLink,
    entries: NatsBucket,
    bodies: NatsBodies,
    onLeftover: (object: string, error: unknown) => void,
  ) {
    this.#link = link;
    this.#entries = entries;
    this.#bodies = bodies;
    this.#onLeftover = onLeftover;
  }

  async get<T>(collection: string, key: string): Promise<StoredRecord<T> | undefined> {
    const slotKey = keyOf(collection, key);
    let seen: number | undefined;
    for (let attempt = 1; ; attempt++) {
      const { revision, bytes } = await this.#entries.read(slotKey);
      if (bytes === undefined) return undefined;
      const entry = readEntry(collection, key, bytes);
      if ('value' in entry) return { value: entry.value as T, revision };
      const body = await this.#bodies.read(entry.object, attempt === 1 ? STALL_MS : TIMEOUT_MS);
      if (typeof body !== 'string') {
        return { value: fromText(collection, key, Buffer.from(body).toString()) as T, revision };
      }
      // Somebody who replaced the value deleted the object meanwhile, or it is really not to be had.
      if (revision === seen || attempt === ATTEMPTS) throw this.#noBody(collection, key, body);
      seen = revision;
    }
  }

  async put(collection: string, key: string, value: unknown, expected?: number | 'absent'): Promise<number> {
    const slotKey = keyOf(collection, key);
    const text = toText(collection, key, value);
    const isLarge = Buffer.byteLength(text) > this.#inlineBytes();
    let object: string | undefined;
    for (let attempt = 1; ; attempt++) {
      const slot = await this.#entries.read(slotKey);
      const there = revisionOf(slot);
      if (!isExpected(there, expected) || attempt === ATTEMPTS) {
        await this.#remove(object);
        throw conflict(collection, key, there, expected);
      }
      if (isLarge) object ??= await this.#bodies.write(objectPrefix(collection, key), Buffer.from(text));
      const entry = object === undefined ? inlineEntry(text) : referenceEntry(object);
      const revision = await this.#entries.write(slotKey, entry, slot.revision);
      if (revision !== undefined) {
        await this.#remove(objectIn(collection, key, slot));
        return revision;
      }
    }
  }

  async delete(collection: string, key: string, expected?: number): Promise<boolean> {
    const slotKey = keyOf(collection, key);
    for (let attempt = 1; ; attempt++) {
      const slot = await this.#entries.read(slotKey);
      const there = revisionOf(slot);
      if (!isExpected(there, expected) || attempt === ATTEMPTS) {
        throw conflict(collection, key, there, expected);
      }
      if (there === undefined) return false;
      if (await this.#entries.remove(slotKey, there)) {
        await this.#remove(objectIn(collection, key, slot));
        return true;
      }
    }
  }

  async *list<T>(collection: string): AsyncGenerator<StoredRecord<T> & { readonly key: string }> {
    checkName('collection', collection);
    const keys = await this.#entries.keys(collection);
    for (let start = 0; start < keys.length; start += READ_AHEAD) {
      const some = keys.slice(start, start + READ_AHEAD);
      const records = await Promise.all(some.map((key) => this.get<T>(collection, key)));
      for (const [place, record] of records.entries()) {
        if (record !== undefined) yield { key: some[place], ...record };
      }
    }
  }

  ping(): Promise<void> {
    return this.#entries.ping();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  /** Also where an operator allows only smaller messages. */
  #inlineBytes(): number {
    return Math.min(INLINE_BYTES, (this.#link.connection.info?.max_payload ?? 0) - ENTRY_BYTES);
  }

  /** The record is right without this: what cannot be deleted only takes room. */
  async #remove(object: string | undefined): Promise<void> {
    if (object === undefined) return;
    try {
      await this.#bodies.remove(object);
    } catch (error) {
      this.#onLeftover(object, error);
    }
  }

  #noBody(collection: string, key: string, body: 'missing' | 'stalled'): ReptraceError {
    if (body === 'missing') return damaged(collection, key, 'its object is not there');
    return new ReptraceError(
      'STORE_UNREACHABLE',
      `${recordName(collection, key)} came only in part from NATS at ${this.#link.label}`,
      'See how the server is, and try again.',
    );
  }
}

function keyOf(collection: string, key: string): string {
  checkName('collection', collection);
  checkName('key', key);
  return `${collection}.${key}`;
}

function revisionOf({ revision, bytes }: Slot): number | undefined {
  return bytes === undefined ? undefined : revision;
}

function objectIn(collection: string, key: string, { bytes }: Slot): string | undefined {
  return bytes === undefined ? undefined : objectOf(collection, key, bytes);
}
