/**
 * Records in one SQLite file, for one machine. Several processes may have it open: SQLite locks it per transaction.
 * Calls block the event loop while they work (about 10 microseconds to read, a millisecond or more to write, for the
 * fsync) and while they wait for another process's transaction.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import Database from 'libsql';
import { ReptraceError } from '../errors.ts';
import { checkName, conflict, fromText, isExpected, toText } from './documents.ts';
import type { Records, StoredRecord } from './records.ts';
import { otherVersion, sqliteFailure } from './sqlite-failure.ts';

/** What `user_version` of the file says; a file of another version is refused. */
const VERSION = 1;
/** How long a call waits for another process's transaction. */
const BUSY_MS = 5000;

// AUTOINCREMENT never gives a number twice, also when the row that had it is gone: that makes it the revision.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (collection, key)
  ) STRICT;
  PRAGMA user_version = ${VERSION};
`;

interface Row {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/**
 * Opens the file, made with its folder if it is not there.
 * Throws STORE_UNREACHABLE, naming the path, when it cannot be opened or is no database of ours; DISK_FULL.
 */
export async function openSqliteRecords(file: string): Promise<Records> {
  // Absolute, since libsql would take some paths for the address of a server.
  const path = resolve(file);
  try {
    await mkdir(dirname(path), { recursive: true });
    return new SqliteRecords(path, openDatabase(path));
  } catch (error) {
    throw await sqliteFailure(path, error);
  }
}

function openDatabase(path: string): Database.Database {
  const database = new Database(path, { timeout: BUSY_MS });
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    // A log that one large value has grown is cut back.
    database.pragma('journal_size_limit = 16777216');
    transaction(database, () => {
      const found = readVersion(database);
      if (found === 0) database.exec(SCHEMA);
      else if (found !== VERSION) throw otherVersion(path, found);
    });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function readVersion(database: Database.Database): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

/** Takes the write lock first, so that what `work` reads is still true when it writes. */
function transaction<T>(database: Database.Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk has ended the transaction already.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

class SqliteRecords implements Records {
  readonly #path: string;
  #database: Database.Database | undefined;

  constructor(path: string, database: Database.Database) {
    this.#path = path;
    this.#database = database;
  }

  async get<T>(collection: string, key: string): Promise<StoredRecord<T> | undefined> {
    check(collection, key);
    const row = await this.#use((database) =>
      database
        .prepare('SELECT value, revision FROM records WHERE collection = ? AND key = ?')
        .get(collection, key),
    );
    if (row === undefined) return undefined;
    const { value, revision } = row as Row;
    return { value: fromText(collection, key, value) as T, revision };
  }

  async put(collection: string, key: string, value: unknown, expected?: number | 'absent'): Promise<number> {
    check(collection, key);
    const text = toText(collection, key, value);
    return this.#use((database) =>
      transaction(database, () => {
        checkExpected(database, collection, key, expected);
        const { lastInsertRowid } = database
          .prepare('INSERT OR REPLACE INTO records (collection, key, value) VALUES (?, ?, ?)')
          .run(collection, key, text);
        return Number(lastInsertRowid);
      }),
    );
  }

  async delete(collection: string, key: string, expected?: number): Promise<boolean> {
    check(collection, key);
    return this.#use((database) =>
      transaction(database, () => {
        checkExpected(database, collection, key, expected);
        return (
          database.prepare('DELETE FROM records WHERE collection = ? AND key = ?').run(collection, key)
            .changes > 0
        );
      }),
    );
  }

  /** One statement a record, since an open one would keep the log from being cut back while the caller works. */
  async *list<T>(collection: string): AsyncGenerator<StoredRecord<T> & { readonly key: string }> {
    checkName('collection', collection);
    let last = '';
    for (;;) {
      const row = await this.#use((database) =>
        database
          .prepare(
            'SELECT key, value, revision FROM records WHERE collection = ? AND key > ? ORDER BY key LIMIT 1',
          )
          .get(collection, last),
      );
      if (row === undefined) return;
      const { key, value, revision } = row as Row;
      yield { key, value: fromText(collection, key, value) as T, revision };
      last = key;
    }
  }

  async ping(): Promise<void> {
    await this.#use((database) => database.prepare('SELECT revision FROM records LIMIT 1').get());
  }

  close(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
    return Promise.resolve();
  }

  async #use<T>(work: (database: Database.Database) => T): Promise<T> {
    if (this.#database === undefined) {
      throw new ReptraceError(
        'STORE_UNREACHABLE',
        `the record store ${this.#path} has been closed`,
        'Open it again.',
      );
    }
    try {
      return work(this.#database);
    } catch (error) {
      throw await sqliteFailure(this.#path, error);
    }
  }
}

function check(collection: string, key: string): void {
  checkName('collection', collection);
  checkName('key', key);
}

/** Throws CONFLICT. */
function checkExpected(
  database: Database.Database,
  collection: string,
  key: string,
  expected: number | 'absent' | undefined,
): void {
  if (expected === undefined) return;
  const row = database
    .prepare('SELECT revision FROM records WHERE collection = ? AND key = ?')
    .get(collection, key);
  const revision = row === undefined ? undefined : (row as Row).revision;
  if (!isExpected(revision, expected)) throw conflict(collection, key, revision, expected);
}
