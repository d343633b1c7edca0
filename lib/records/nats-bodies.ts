/** The values that are too large for a key-value entry: each an object of its own, written once and never changed. */
import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { Base64UrlPaddedCodec, Objm, type ObjectStore } from '@nats-io/obj';
import { ReptraceError, reasonOf } from '../errors.ts';
import { MAX_VALUE_BYTES } from './records.ts';
import { TIMEOUT_MS, type NatsLink } from './nats-link.ts';

export class NatsBodies {
  readonly #link: NatsLink;
  readonly #bucket: string;
  readonly #store: ObjectStore;
  readonly #manager: JetStreamManager;

  private constructor(link: NatsLink, bucket: string, store: ObjectStore, manager: JetStreamManager) {
    this.#link = link;
    this.#bucket = bucket;
    this.#store = store;
    this.#manager = manager;
  }

  /** Makes the bucket if it is not there. */
  static open(link: NatsLink, bucket: string, replicas: number): Promise<NatsBodies> {
    return link.use(async () => {
      const manager = await jetstreamManager(link.connection, { timeout: TIMEOUT_MS, checkAPI: false });
      const client = jetstream(link.connection, { timeout: TIMEOUT_MS });
      const store = await new Objm(client).create(bucket, { replicas });
      return new NatsBodies(link, bucket, store, manager);
    });
  }

  /** Writes an object under a fresh name, which it gives. */
  async write(prefix: string, bytes: Uint8Array): Promise<string> {
    const name = `${prefix}/${randomUUID()}`;
    await this.#link.use(() => this.#store.putBlob({ name }, bytes));
    return name;
  }

  /**
   * The object's bytes; `missing` when there is no such object, `stalled` when no part of it came for that long: one that is
   * deleted while it is read just ends, without a word. Throws INTERNAL when its bytes are not those that were written.
   */
  async read(name: string, stallMs: number): Promise<Uint8Array | 'missing' | 'stalled'> {
    const found = await this.#link.use(() => this.#store.get(name));
    if (found === null) return 'missing';
    // The stream says the same.
    found.error.catch(() => undefined);
    if (found.info.size > MAX_VALUE_BYTES) throw damagedBody(name, `it has ${found.info.size} bytes`);
    return this.#link.use(() => collect(name, found.data, stallMs));
  }

  /**
   * Deletes the object with its description. The object store's own way leaves a mark for each that ever was, and cannot
   * when there is no room for it.
   */
  async remove(name: string): Promise<void> {
    await this.#link.use(async () => {
      const info = await this.#store.info(name);
      if (info === null) return;
      const { streams } = this.#manager;
      await streams.purge(`OBJ_${this.#bucket}`, { filter: `$O.${this.#bucket}.C.${info.nuid}` });
      const description = Base64UrlPaddedCodec.encode(name);
      await streams.purge(`OBJ_${this.#bucket}`, { filter: `$O.${this.#bucket}.M.${description}` });
    });
  }
}

async function collect(
  name: string,
  stream: ReadableStream<Uint8Array>,
  stallMs: number,
): Promise<Uint8Array | 'stalled'> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  try {
    for (;;) {
      const part = await within(reader.read(), stallMs);
      if (part === 'stalled') {
        await reader.cancel();
        return part;
      }
      if (part.done) return Buffer.concat(parts);
      parts.push(part.value);
    }
  } catch (error) {
    // The client compares what came with the digest that was stored beside it.
    if (/corrupt object/.test(reasonOf(error))) throw damagedBody(name, reasonOf(error), error);
    throw error;
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'stalled'> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<'stalled'>((resolve) => {
    timer = setTimeout(resolve, ms, 'stalled');
  });
  try {
    return await Promise.race([promise, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

/** The name of an object starts with that of its record. */
function damagedBody(name: string, reason: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'INTERNAL',
    `the stored body ${name} of a record cannot be read: ${reason}`,
    'Something else wrote or damaged it: restore it from a backup, or delete the record.',
    { cause },
  );
}
