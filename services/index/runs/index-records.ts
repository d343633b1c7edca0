/** The documents of the index service: indexes, their names and centres, rows that failed, rows that were erased. */
import type { Bus } from '../../../lib/bus/bus.ts';
import { ReptraceError, reasonOf } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { progressSubject } from '../../../lib/mesh/index-messages.ts';
import { recordKey, type Records, type StoredRecord } from '../../../lib/records/records.ts';
import { changed, type IndexRecord, type RowFailure } from './index-record.ts';
import type { SampleFilter } from '../stores/signature-store.ts';
import { damaged, packCentres, unpackCentres, type StoredCentres } from './hidden-centres.ts';
import type { RowRanges } from './row-ranges.ts';

const INDEXES = 'indexes';
const NAMES = 'index-names';
const FAILURES = 'index-failures';
const ERASED = 'index-erased';
const CENTRES = 'index-centres';

/** Writers of one record that meet more often than this are not making progress. */
const MAX_TRIES = 20;

/** Records of versions that knew no base models lack what is said of them. */
type WrittenRecord = Omit<IndexRecord, 'base' | 'taught'> & Partial<Pick<IndexRecord, 'base' | 'taught'>>;

interface IndexName {
  readonly index: string;
}

/** Rows that the user had erased, and that are never signed again. */
export interface Erasure {
  readonly erased: RowRanges;
  /** An erasing that was begun: the rows stored before it, and what is to go. */
  readonly pending: { readonly before: RowRanges; readonly filter: SampleFilter } | null;
}

export class IndexRecords {
  readonly #records: Records;
  readonly #bus: Bus;
  readonly #log: Log;
  /** By id, each with the revision that it is to replace. */
  readonly #unsaved = new Map<string, StoredRecord<IndexRecord>>();

  constructor(records: Records, bus: Bus, log: Log) {
    this.#records = records;
    this.#bus = bus;
    this.#log = log;
  }

  async get(id: string): Promise<StoredRecord<IndexRecord> | undefined> {
    if (!isId(id)) return undefined;
    const stored = await this.#records.get<WrittenRecord>(INDEXES, id);
    return stored === undefined ? undefined : this.#withUnsaved(stored);
  }

  /** Throws INDEX_NOT_FOUND. @param reference id or name */
  async find(reference: string): Promise<StoredRecord<IndexRecord>> {
    const found = (await this.get(reference)) ?? (await this.named(reference)).index;
    if (found !== undefined) return found;
    throw indexNotFound(reference);
  }

  /** The index of a name, with the name's own revision: `absent` when nothing has the name. */
  async named(name: string): Promise<{
    readonly revision: number | 'absent';
    readonly index: StoredRecord<IndexRecord> | undefined;
  }> {
    const entry = await this.#records.get<IndexName>(NAMES, recordKey(name));
    if (entry === undefined) return { revision: 'absent', index: undefined };
    return { revision: entry.revision, index: await this.get(entry.value.index) };
  }

  /** Newest first. */
  async all(): Promise<IndexRecord[]> {
    const found: IndexRecord[] = [];
    for await (const stored of this.#records.list<WrittenRecord>(INDEXES)) {
      found.push(this.#withUnsaved(stored).value);
    }
    return found.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** Gives a new index its name, then stores it. Throws CONFLICT when another has the name by now. */
  async create(record: IndexRecord, nameRevision: number | 'absent'): Promise<number> {
    const key = recordKey(record.name);
    const named = await this.#records.put(NAMES, key, { index: record.id }, nameRevision);
    const revision = await this.#records.put(INDEXES, record.id, record, 'absent');
    try {
      // Between the two writes the name led nowhere and was free for others to take. Who looked at it then has a revision
      // that is not this one's any more, or was faster.
      await this.#records.put(NAMES, key, { index: record.id }, named);
    } catch (error) {
      if (isConflict(error)) await this.#records.delete(INDEXES, record.id);
      throw error;
    }
    await this.announce(record.id);
    return revision;
  }

  /** Replaces exactly what was read, and tells whoever listens. Throws CONFLICT. */
  async replace(record: IndexRecord, expected: number): Promise<number> {
    const revision = await this.#records.put(INDEXES, record.id, record, expected);
    this.#unsaved.delete(record.id);
    await this.announce(record.id);
    return revision;
  }

  /**
   * What could not be stored (the disk being full, say) is told to this process's readers all the same, until it is stored
   * or another writer was faster.
   * @param expected the revision that it was to replace
   */
  async keepUnsaved(record: IndexRecord, expected: number): Promise<void> {
    this.#unsaved.set(record.id, { value: record, revision: expected });
    await this.announce(record.id);
  }

  /** Tries again to store what could not be stored. Throws what the store of records throws. */
  async saveUnsaved(): Promise<void> {
    for (const { value, revision } of [...this.#unsaved.values()]) {
      try {
        await this.replace(value, revision);
      } catch (error) {
        if (!isConflict(error)) throw error;
        this.#unsaved.delete(value.id);
      }
    }
  }

  /**
   * Changes a record whatever else writes to it. The change is asked for anew when another was faster; `null` leaves the
   * record as it is. Gives the record as it then stands. Throws INDEX_NOT_FOUND and what `change` throws.
   */
  async change(
    id: string,
    change: (record: IndexRecord) => Partial<IndexRecord> | null,
  ): Promise<StoredRecord<IndexRecord>> {
    for (let tries = 1; ; tries++) {
      const found = await this.get(id);
      if (found === undefined) throw indexNotFound(id);
      const wanted = change(found.value);
      if (wanted === null) return found;
      const value = changed(found.value, wanted);
      try {
        return { value, revision: await this.replace(value, found.revision) };
      } catch (error) {
        if (!isConflict(error) || tries === MAX_TRIES) throw error;
      }
    }
  }

  /** Removes everything of it; its name is free at the end. */
  async remove({ id, name }: IndexRecord): Promise<void> {
    const key = recordKey(name);
    const entry = await this.#records.get<IndexName>(NAMES, key);
    await this.#records.delete(INDEXES, id);
    this.#unsaved.delete(id);
    await this.#records.delete(FAILURES, id);
    await this.#records.delete(ERASED, id);
    await this.#records.delete(CENTRES, id);
    if (entry?.value.index === id) await this.#releaseName(key, entry.revision);
    await this.announce(id);
  }

  /** In the order of their rows, the first MAX_KEPT_FAILURES that happened. */
  async failures(id: string): Promise<readonly RowFailure[]> {
    return (await this.#records.get<readonly RowFailure[]>(FAILURES, id))?.value ?? [];
  }

  async putFailures(id: string, failures: readonly RowFailure[]): Promise<void> {
    await this.#records.put(FAILURES, id, failures);
  }

  async erasure(id: string): Promise<Erasure> {
    return (await this.#records.get<Erasure>(ERASED, id))?.value ?? { erased: [], pending: null };
  }

  async putErasure(id: string, erasure: Erasure): Promise<void> {
    await this.#records.put(ERASED, id, erasure);
  }

  /**
   * For each of the index's layers the mean hidden state at p [hiddenSize]; null for an index without a base model, or not
   * that far yet. Throws INTERNAL when what is stored is not what the index was built with.
   */
  async hiddenCentres(id: string): Promise<Float32Array[] | null> {
    const taught = (await this.get(id))?.value.taught ?? null;
    if (taught === null) return null;
    const stored = await this.#records.get<StoredCentres>(CENTRES, id);
    if (stored === undefined) throw damaged(id);
    return unpackCentres(stored.value, taught.hiddenCentres, id);
  }

  /**
   * Keeps the centres that a run found, before its record tells of them. Of two runs that believe to have the index, only the
   * one that has it may write: what it is to replace is read before it is asked.
   * @param check throws when the index is not the caller's any more
   */
  async putHiddenCentres(
    id: string,
    centres: readonly Float32Array[],
    check: () => Promise<void>,
  ): Promise<void> {
    for (let tries = 1; ; tries++) {
      const before = await this.#records.get<StoredCentres>(CENTRES, id);
      await check();
      try {
        await this.#records.put(CENTRES, id, packCentres(centres), before?.revision ?? 'absent');
        return;
      } catch (error) {
        if (!isConflict(error) || tries === MAX_TRIES) throw error;
      }
    }
  }

  ping(): Promise<void> {
    return this.#records.ping();
  }

  /** A hint only: that it does not arrive must not stop any work. */
  async announce(id: string): Promise<void> {
    try {
      await this.#bus.publish(progressSubject(id), new Uint8Array());
    } catch (error) {
      this.#log.warn({ index: id, reason: reasonOf(error) }, 'a change could not be announced');
    }
  }

  #withUnsaved({ value, revision }: StoredRecord<WrittenRecord>): StoredRecord<IndexRecord> {
    const unsaved = this.#unsaved.get(value.id);
    return unsaved?.revision === revision
      ? unsaved
      : { value: { base: null, taught: null, ...value }, revision };
  }

  async #releaseName(key: string, revision: number): Promise<void> {
    try {
      await this.#records.delete(NAMES, key, revision);
    } catch (error) {
      // Another index has it by now.
      if (!isConflict(error)) throw error;
    }
  }
}

export function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

export function isConflict(error: unknown): boolean {
  return error instanceof ReptraceError && error.code === 'CONFLICT';
}

export function indexNotFound(reference: string): ReptraceError {
  const named = JSON.stringify(reference.length > 120 ? `${reference.slice(0, 120)}…` : reference);
  return new ReptraceError(
    'INDEX_NOT_FOUND',
    `there is no index ${named}`,
    'List the indexes to see their names, or build it first.',
  );
}
