/** The key-value bucket of the entries: reads that see the last write, and writes that only succeed if nobody was faster. */
import {
  JetStreamApiCodes,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import { isName } from './documents.ts';
import { isFull, TIMEOUT_MS, type NatsLink } from './nats-link.ts';

/** What is there under a key: bytes, or nothing; the revision is then that of its deletion, 0 if it never was there. */
export interface Slot {
  readonly revision: number;
  readonly bytes: Uint8Array | undefined;
}

/** Keys are `collection.key`. Methods throw what `NatsLink.use` throws. */
export class NatsBucket {
  readonly #link: NatsLink;
  readonly #name: string;
  readonly #entries: KV;
  readonly #manager: JetStreamManager;

  private constructor(link: NatsLink, name: string, entries: KV, manager: JetStreamManager) {
    this.#link = link;
    this.#name = name;
    this.#entries = entries;
    this.#manager = manager;
  }

  /** Makes it if it is not there. */
  static open(link: NatsLink, name: string, replicas: number): Promise<NatsBucket> {
    return link.use(async () => {
      const manager = await jetstreamManager(link.connection, { timeout: TIMEOUT_MS, checkAPI: false });
      const client = jetstream(link.connection, { timeout: TIMEOUT_MS });
      // A direct get may be answered by a copy that has not seen the last write: ask the leader.
      const entries = await new Kvm(client).create(name, { history: 1, replicas, allow_direct: false });
      return new NatsBucket(link, name, entries, manager);
    });
  }

  read(key: string): Promise<Slot> {
    return this.#link.use(async () => {
      const entry = await this.#entries.get(key);
      if (entry === null) return { revision: 0, bytes: undefined };
      return {
        revision: entry.revision,
        bytes: entry.operation === 'PUT' ? entry.value : undefined,
      };
    });
  }

  /** The new revision; undefined when the key is no longer at the revision that was read. */
  write(key: string, bytes: Uint8Array, read: number): Promise<number | undefined> {
    return this.#link.use(() => unlessOvertaken(this.#entries.put(key, bytes, { previousSeq: read })));
  }

  /** False when the key is no longer at the revision that was read. */
  async remove(key: string, read: number): Promise<boolean> {
    return this.#link.use(async () => {
      try {
        // Writes a mark that it was deleted, which is as durable as any write.
        const marking = this.#entries.delete(key, { previousSeq: read }).then(() => true);
        return (await unlessOvertaken(marking)) ?? false;
      } catch (error) {
        if (!isFull(error)) throw error;
        // No room for the mark, so take away the entry alone: deleting is how room is made.
        const filter = `$KV.${this.#name}.${key}`;
        const { purged } = await this.#manager.streams.purge(`KV_${this.#name}`, { filter, seq: read + 1 });
        return purged > 0;
      }
    });
  }

  /**
   * The keys of a collection, deleted ones too, without the collection's name, sorted. Those that no record may have, which
   * somebody else must have put there, are left out: nothing could be done with them.
   */
  async keys(collection: string): Promise<readonly string[]> {
    const prefix = `$KV.${this.#name}.${collection}.`;
    const { state } = await this.#link.use(() =>
      this.#manager.streams.info(`KV_${this.#name}`, { subjects_filter: `${prefix}*` }),
    );
    return Object.keys(state.subjects ?? {})
      .map((subject) => subject.slice(prefix.length))
      .filter(isName)
      .sort();
  }

  async ping(): Promise<void> {
    await this.#link.use(() => this.#manager.streams.info(`KV_${this.#name}`));
  }
}

async function unlessOvertaken<T>(writing: Promise<T>): Promise<T | undefined> {
  try {
    return await writing;
  } catch (error) {
    if (error instanceof JetStreamApiError && OVERTAKEN.includes(error.code)) return undefined;
    throw error;
  }
}

const OVERTAKEN: readonly number[] = [
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
];
