/** What records in SQLite must withstand: other processes, a kill at any moment, a full disk, files that are not theirs. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteRecords } from '../../lib/records/sqlite-records.ts';
import { all, failsWith } from './records-places.ts';

const BUILT = new URL('../../dist/lib/records/sqlite-records.js', import.meta.url).href;

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-sqlite-'));
  path = join(folder, 'records.db');
});

afterEach(() => rm(folder, { recursive: true }));

/** Another process that runs this with `records` open, from the built code. */
function inProcess(body: string): ChildProcess {
  const script = `
    import { openSqliteRecords } from ${JSON.stringify(BUILT)};
    const records = await openSqliteRecords(${JSON.stringify(path)});
    ${body}
    await records.close();
  `;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('processes that make the file at once and increment one value lose nothing', async () => {
  const body = `
    for (let done = 0; done < 25; ) {
      const there = await records.get('count', 'n');
      try {
        await records.put('count', 'n', (there?.value ?? 0) + 1, there?.revision ?? 'absent');
        done++;
      } catch (error) {
        if (error.code !== 'CONFLICT') throw error;
      }
    }
  `;
  const children = Array.from({ length: 4 }, () => inProcess(body));
  const ends = await Promise.all(children.map((child) => once(child, 'exit')));
  expect(ends.map(([code]) => code as unknown)).toEqual([0, 0, 0, 0]);
  const records = await openSqliteRecords(path);
  expect((await records.get('count', 'n'))?.value).toBe(100);
  await records.close();
});

test('what another process wrote is seen at once', async () => {
  const records = await openSqliteRecords(path);
  await records.put('seen', 's', 'before');
  await once(inProcess(`await records.put('seen', 's', 'by another');`), 'exit');
  expect((await records.get('seen', 's'))?.value).toBe('by another');
  await records.close();
});

test('a writer killed with SIGKILL has lost nothing that it was told is written', async () => {
  const body = `
    for (let n = 0; ; n++) {
      await records.put('kill', String(n), { n, text: 'x'.repeat(50_000) });
      process.stdout.write(n + '\\n');
    }
  `;
  const child = inProcess(body);
  if (child.stdout === null) throw new Error('the writer has no stdout');
  let last = -1;
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    if (last === 100) child.kill('SIGKILL');
  }
  expect(last).toBeGreaterThanOrEqual(100);
  const records = await openSqliteRecords(path);
  for (let n = 0; n <= last; n++) {
    expect((await records.get<{ n: number }>('kill', String(n)))?.value.n).toBe(n);
  }
  expect(await records.put('kill', '0', 'after')).toBeGreaterThan(last);
  await records.close();
});

test('on a full disk a put is DISK_FULL, nothing is lost, and all goes on when there is room', async () => {
  await onSmallDisk(async (disk) => {
    const file = join(disk, 'data', 'records.db');
    const records = await openSqliteRecords(file);
    const body = 'x'.repeat(200_000);
    let written = 0;
    const fill = async () => {
      for (; written < 100; written++) await records.put('full', String(written), { written, body });
    };
    expect(await failsWith('DISK_FULL', fill())).toContain(file);
    expect(written).toBeGreaterThan(5);
    await writeFile(join(disk, 'rest'), Buffer.alloc(8 * 2 ** 20)).catch(() => undefined);
    await failsWith('DISK_FULL', records.put('full', '0', { written: -1, body }));
    await failsWith('DISK_FULL', openSqliteRecords(join(disk, 'other', 'records.db')));
    await records.close();

    const again = await openSqliteRecords(file);
    const kept = await all(again.list<{ written: number }>('full'));
    expect(kept.map(({ value }) => value.written).sort((a, b) => a - b)).toEqual(
      Array.from({ length: written }, (_, n) => n),
    );
    await rm(join(disk, 'rest'));
    await again.put('full', 'small', 'fits');
    expect((await again.get('full', 'small'))?.value).toBe('fits');
    await again.close();
  });
});

/** A file system of 4 MB. Mounting one needs root; without it the test fails, and says so. */
async function onSmallDisk(work: (disk: string) => Promise<void>): Promise<void> {
  const run = promisify(execFile);
  const disk = join(folder, 'disk');
  await mkdir(disk);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
  try {
    await work(disk);
  } finally {
    // Lazily: statements that wait for the garbage collector still hold the file.
    await run('umount', ['--lazy', disk]);
  }
}

test.each([
  ['a folder', (place: string) => mkdir(place)],
  ['no database', (place: string) => writeFile(place, 'These are not records. '.repeat(1000))],
  ['of another version', (place: string) => useDatabase(place, 'PRAGMA user_version = 99')],
])('a file that is %s is STORE_UNREACHABLE, by name, and left as it is', async (_what, make) => {
  await make(path);
  expect(await failsWith('STORE_UNREACHABLE', openSqliteRecords(path))).toContain(path);
  expect(await failsWith('STORE_UNREACHABLE', openSqliteRecords(path))).toContain(path);
});

test('a folder that cannot be made is STORE_UNREACHABLE, by name', async () => {
  await writeFile(path, '');
  const below = join(path, 'records.db');
  expect(await failsWith('STORE_UNREACHABLE', openSqliteRecords(below))).toContain(below);
});

test('a database that was damaged while it was closed is STORE_UNREACHABLE when it is read', async () => {
  const records = await openSqliteRecords(path);
  for (let n = 0; n < 200; n++) await records.put('damage', String(n), 'x'.repeat(3000));
  await useDatabase(path, 'PRAGMA wal_checkpoint(TRUNCATE)');
  await records.close();
  await overwriteMiddle(path);
  const again = await openSqliteRecords(path);
  expect(await failsWith('STORE_UNREACHABLE', all(again.list('damage')))).toContain(path);
  await again.close();
});

function useDatabase(place: string, sql: string): Promise<void> {
  const database = new Database(place);
  database.exec(sql);
  database.close();
  return Promise.resolve();
}

/** Zeros over the middle half. */
async function overwriteMiddle(file: string): Promise<void> {
  const bytes = await readFile(file);
  await writeFile(file, bytes.fill(0, bytes.length / 4, (3 * bytes.length) / 4));
}
