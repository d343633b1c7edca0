/** What signatures in a LanceDB folder must withstand: a kill at any moment, a full disk, long runs in small pieces. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { connect } from '@lancedb/lancedb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { arrow } from '../../services/index/stores/arrow.ts';
import { openLanceStore } from '../../services/index/stores/lance-store.ts';
import { tableSchema } from '../../services/index/stores/lance-table.ts';
import type { SignatureStore } from '../../services/index/stores/signature-store.ts';
import { bruteForce, failsWith, legible, randomPoint, rowsIn, searchRows } from './signature-points.ts';

const BUILT = new URL('../../dist/services/index/stores/lance-store.js', import.meta.url).href;
const SHAPE = { layers: [5], width: 64, taught: false };

const random = new Random(29);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-lance-'));
});

afterEach(() => rm(folder, { recursive: true }));

test('a writing process killed with SIGKILL loses nothing that upsert resolved for', async () => {
  const script = `
    import { openLanceStore } from ${JSON.stringify(BUILT)};
    const store = await openLanceStore(${JSON.stringify(folder)});
    await store.create('killed', { layers: [5], width: 64, taught: false });
    for (let row = 0; ; row += 8) {
      await store.upsert('killed', Array.from({ length: 8 }, (_, i) => ({
        id: '00000000-0000-5000-8000-' + String(row + i).padStart(12, '0'), row: row + i, line: row + i + 1,
        sourceRow: row + i, part: null, context: [], prompt: 'p', response: 'r', raw: null,
        label: null, metadata: {}, truncated: false, loss: 1,
        taught: null, lesson: null, vector: new Float32Array(128).fill(0.1), norms: new Float32Array(2),
      })));
      console.log(row + 8);
    }
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let written = 0;
  for await (const line of createInterface(child.stdout)) {
    written = Number(line);
    // Past the first merge of small files.
    if (written >= 600) child.kill('SIGKILL');
  }
  await ended;
  expect(written).toBeGreaterThanOrEqual(600);

  const store = await openLanceStore(folder);
  const rows = await rowsIn(store, 'killed');
  expect(rows.length).toBeGreaterThanOrEqual(written);
  expect(rows).toEqual(Array.from({ length: rows.length }, (_, row) => row));
  await store.upsert('killed', [randomPoint(random, SHAPE, 100_000)]);
  expect(await store.count('killed')).toBe(rows.length + 1);
  await store.close();
});

test('a full disk is DISK_FULL by name, what was there stays readable, and writing goes on when there is room', async () => {
  await onSmallDisk(async (disk) => {
    const store = await openLanceStore(disk);
    await store.create('full', SHAPE);
    await writeFile(join(disk, 'rest'), Buffer.alloc(2 * 2 ** 20));
    const points = Array.from({ length: 20_000 }, (_, row) => randomPoint(random, SHAPE, row));
    let written = 0;
    const fill = async (): Promise<void> => {
      for (; written < points.length; written += 200) {
        await store.upsert('full', points.slice(written, written + 200));
      }
    };
    expect((await failsWith('DISK_FULL', fill())).message).toContain(disk);
    await failsWith('DISK_FULL', fill());
    expect(written).toBeGreaterThan(500);
    expect((await rowsIn(store, 'full')).length).toBe(written);
    const query = points[7].vector;
    const there = points.slice(0, written);
    expect(await searchRows(store, 'full', query, 10)).toEqual(bruteForce(query, there, 10));
    await rm(join(disk, 'rest'));
    await store.upsert('full', points.slice(written, written + 200));
    expect(await store.count('full')).toBe(written + 200);
    await store.close();
  });
});

test('many small writes leave few files', async () => {
  const store = await openLanceStore(folder);
  await store.create('small', SHAPE);
  const points = Array.from({ length: 1600 }, (_, row) => randomPoint(random, SHAPE, row));
  for (let at = 0; at < points.length; at += 10) await store.upsert('small', points.slice(at, at + 10));
  const files = await readdir(join(folder, 'small.lance', 'data'));
  expect(files.length).toBeLessThan(100);
  const query = points[9].vector;
  expect(await searchRows(store, 'small', query, 20)).toEqual(bruteForce(query, points, 20));
  await store.close();
});

test('searches go on while files are merged under them, also by another store', async () => {
  const wide = { layers: [5], width: 512, taught: false };
  const stores = [await openLanceStore(folder), await openLanceStore(folder)];
  await stores[0].create('merged', wide);
  const points = Array.from({ length: 700 }, (_, row) => randomPoint(random, wide, row));
  await stores[0].upsert('merged', points);
  const query = points[650].vector;
  let erasing = true;
  const reader = async (store: SignatureStore): Promise<void> => {
    while (erasing) {
      const hits = await searchRows(store, 'merged', query, 200);
      expect(hits[0]).toBe(650);
      expect(hits.length).toBe(200);
    }
  };
  const eraser = async (): Promise<void> => {
    for (let row = 0; row < 15; row++) expect(await stores[0].erase('merged', { rows: [row] })).toBe(1);
    erasing = false;
  };
  await Promise.all([eraser(), ...[0, 1, 1].map((n) => reader(stores[n]))]);
  expect(await stores[1].count('merged')).toBe(685);
  for (const store of stores) await store.close();
});

test('what was erased is in no file of the folder', async () => {
  const store = await openLanceStore(folder);
  await store.create('erased', SHAPE);
  const points = Array.from({ length: 300 }, (_, row) =>
    randomPoint(random, SHAPE, row, { response: `remember-${row}-please` }),
  );
  await store.upsert('erased', points);
  expect(await filesWith('remember-150-please')).toBe(1);
  expect(await store.erase('erased', { rows: [150] })).toBe(1);
  expect(await filesWith('remember-150-please')).toBe(0);
  expect(await filesWith('remember-151-please')).toBe(1);
  expect(await store.erase('erased', { rows: points.map(({ row }) => row) })).toBe(299);
  expect(await filesWith('remember-')).toBe(0);
  expect(await store.count('erased')).toBe(0);
  await store.close();
});

test('of an erased lesson nothing is in any file either', async () => {
  const store = await openLanceStore(folder);
  const shape = { ...SHAPE, taught: true };
  await store.create('forgotten', shape);
  const points = Array.from({ length: 300 }, (_, row) => randomPoint(random, shape, row));
  await store.upsert('forgotten', points);
  const bytes = (row: number): Buffer[] => {
    const { lesson } = points[row];
    if (lesson === null) throw new Error('no lesson');
    return [Buffer.from(lesson.packed), Buffer.from(lesson.pooled.buffer)];
  };
  for (const part of bytes(152)) expect(await filesWith(part)).toBe(1);
  expect(await store.erase('forgotten', { rows: [152] })).toBe(1);
  for (const part of bytes(152)) expect(await filesWith(part)).toBe(0);
  for (const part of bytes(151)) expect(await filesWith(part)).toBe(1);
  await store.close();
});

test('a scan gives every point once, whatever is merged, written again or erased under it', async () => {
  const store = await openLanceStore(folder);
  const wide = { layers: [1, 2, 3, 4], width: 2048, taught: true };
  await store.create('scanned', wide);
  const points = Array.from({ length: 400 }, (_, row) => randomPoint(random, wide, row));
  await store.upsert('scanned', points);
  const seen: number[] = [];
  const erased: number[] = [];
  for await (const page of store.scan('scanned')) {
    // 65 kB a point.
    expect(page.length).toBeLessThan(130);
    seen.push(...page.map(({ row }) => row));
    for (const point of page) expect(legible(point)).toEqual(legible(points[point.row]));
    const next = points.find(({ row }) => !seen.includes(row) && !erased.includes(row));
    if (next === undefined) break;
    erased.push(next.row);
    await store.erase('scanned', { rows: [next.row] });
    await store.upsert('scanned', points.slice(seen[0], seen[0] + 1));
  }
  expect(erased.length).toBeGreaterThan(2);
  expect(seen.sort((a, b) => a - b)).toEqual(
    points.map(({ row }) => row).filter((row) => !erased.includes(row)),
  );
  await store.close();
});

test('a scan whose files keep going away ends with INDEX_BUSY, by name', async () => {
  const store = await openLanceStore(folder);
  await store.create('gone', SHAPE);
  await store.upsert('gone', [randomPoint(random, SHAPE, 1)]);
  await rm(join(folder, 'gone.lance', 'data'), { recursive: true });
  const { message } = await failsWith('INDEX_BUSY', store.scan('gone')[Symbol.asyncIterator]().next());
  expect(message).toContain('index gone');
  await store.close();
});

test('two stores on one folder do not double a point, and each sees what the other wrote', async () => {
  const stores = [await openLanceStore(folder), await openLanceStore(folder)];
  await Promise.all(stores.map((store) => store.create('shared', SHAPE)));
  const points = Array.from({ length: 80 }, (_, row) => randomPoint(random, SHAPE, row));
  for (let at = 0; at < points.length; at += 20) {
    await Promise.all(stores.map((store) => store.upsert('shared', points.slice(at, at + 20))));
  }
  for (const store of stores) {
    expect(await rowsIn(store, 'shared')).toEqual(points.map(({ row }) => row));
    await store.close();
  }
});

test('a table of an earlier version is a CONFLICT that says what to do, and can be dropped', async () => {
  const { fields } = tableSchema(SHAPE);
  const metadata = new Map([['reptrace.shape.2', JSON.stringify(SHAPE)]]);
  const connection = await connect(folder);
  (await connection.createEmptyTable('earlier', new arrow.Schema(fields.slice(0, 2), metadata))).close();
  connection.close();
  const store = await openLanceStore(folder);
  const { remedy } = await failsWith('CONFLICT', store.count('earlier'));
  expect(remedy).toMatch(/^Delete the index .* build it again/);
  await failsWith('CONFLICT', store.create('earlier', SHAPE));
  await failsWith('CONFLICT', store.search('earlier', { query: new Float32Array(128), top: 1, exact: true }));
  await store.drop('earlier');
  await store.create('earlier', SHAPE);
  expect(await store.count('earlier')).toBe(0);
  await store.close();
});

test('a folder that is a file is STORE_UNREACHABLE, by name; one that went away is told by ping', async () => {
  const path = join(folder, 'file');
  await writeFile(path, '');
  expect((await failsWith('STORE_UNREACHABLE', openLanceStore(join(path, 'below')))).message).toContain(path);
  const gone = join(folder, 'gone');
  const store = await openLanceStore(gone);
  await store.ping();
  await rm(gone, { recursive: true });
  await failsWith('STORE_UNREACHABLE', store.ping());
  await store.close();
});

async function filesWith(text: string | Buffer): Promise<number> {
  let count = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    if ((await stat(path)).isFile() && (await readFile(path)).includes(text)) count++;
  }
  return count;
}

/** A file system of 8 MB. Mounting one needs root; without it the test fails, and says so. */
async function onSmallDisk(work: (disk: string) => Promise<void>): Promise<void> {
  const run = promisify(execFile);
  const disk = join(folder, 'disk');
  await mkdir(disk);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  try {
    await work(disk);
  } finally {
    await run('umount', ['--lazy', disk]);
  }
}
