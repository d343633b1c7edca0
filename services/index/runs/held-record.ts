/**
 * A run's hold on its record: the only writer of it as long as the lease is its own. Writes go one after another; each renews
 * the lease. Whoever else writes to the record takes the hold away.
 */
import type { StoredRecord } from '../../../lib/records/records.ts';
import { changed, type IndexRecord } from './index-record.ts';
import { isConflict, type IndexRecords } from './index-records.ts';
import { holds, type Owner } from './lease.ts';
import { isWorking } from './life.ts';
import { Stopped } from './stopped.ts';

export class HeldRecord {
  readonly #records: IndexRecords;
  readonly #owner: Owner;
  #stored: StoredRecord<IndexRecord>;
  #tail: Promise<unknown> = Promise.resolve();
  #writtenAt = Date.now();

  constructor(records: IndexRecords, owner: Owner, stored: StoredRecord<IndexRecord>) {
    this.#records = records;
    this.#owner = owner;
    this.#stored = stored;
  }

  get current(): IndexRecord {
    return this.#stored.value;
  }

  /** ms since 1970 of the last write that got through. */
  get writtenAt(): number {
    return this.#writtenAt;
  }

  /** Throws Stopped (`lost`) when the record is not this run's any more, and what the store of records throws. */
  write(change: (record: IndexRecord) => Partial<IndexRecord>): Promise<void> {
    const written = this.#tail.then(() => this.#write(change));
    this.#tail = written.catch(() => undefined);
    return written;
  }

  /** For what could not be written. */
  keepUnsaved(change: (record: IndexRecord) => Partial<IndexRecord>): Promise<void> {
    const value = changed(this.current, change(this.current));
    return this.#records.keepUnsaved(value, this.#stored.revision);
  }

  /** Throws Stopped (`lost`) when the record is not this run's any more. */
  async check(): Promise<void> {
    const found = await this.#records.get(this.current.id);
    if (found === undefined || !this.#isOurs(found.value)) throw new Stopped('lost');
  }

  async #write(change: (record: IndexRecord) => Partial<IndexRecord>): Promise<void> {
    for (;;) {
      const value = changed(this.current, change(this.current));
      try {
        this.#stored = { value, revision: await this.#records.replace(value, this.#stored.revision) };
        this.#writtenAt = Date.now();
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
      if (await this.#readAgain(value)) return;
    }
  }

  /** Whether it is written after all: a write whose answer was lost looks like a conflict with oneself. */
  async #readAgain(wanted: IndexRecord): Promise<boolean> {
    const found = await this.#records.get(wanted.id);
    const written = found !== undefined && isSame(found.value, wanted);
    if (found === undefined || !(written || this.#isOurs(found.value))) throw new Stopped('lost');
    this.#stored = found;
    if (written) this.#writtenAt = Date.now();
    return written;
  }

  #isOurs({ life, attempt }: IndexRecord): boolean {
    return isWorking(life) && holds(life.lease, this.#owner) && attempt === this.current.attempt;
  }
}

/** Whoever wrote in the same millisecond may have come to the same cursor, but only to change the state. */
function isSame(found: IndexRecord, wanted: IndexRecord): boolean {
  const { cursor, attempt, life } = wanted;
  return found.cursor === cursor && found.attempt === attempt && found.life.state === life.state;
}
