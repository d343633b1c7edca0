import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IndexRecord } from '../runs/index-record.ts';
import { pointId } from '../runs/points.ts';
import { openLanceStore } from '../stores/lance-store.ts';
import type { SampleFilter, SamplePoint, SignatureStore } from '../stores/signature-store.ts';
import { refuseHopeless } from './no-match.ts';

const ID = '6f9c3a42-2f0f-4a3e-8f6d-0d4d2f3a9b11';
const COLUMNS = { kind: 'text', prompt: ['prompt'], response: 'response', label: 'kind' } as const;

let folder: string;
let store: SignatureStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-no-match-'));
  store = await openLanceStore(folder);
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function recordOf(id: string, rows: number, label: string | null = 'kind'): IndexRecord {
  const part: Partial<IndexRecord> = {
    ...{ id, firstDigest: 'd' },
    dataset: {
      ...{ path: '/data', digest: 'd', bytes: 1, sourceRows: rows, stamp: null, rows, badRows: 0 },
      columns: { ...COLUMNS, label },
    },
  };
  return part as IndexRecord;
}

async function fill(id: string, rows: number, more: (row: number) => Partial<SamplePoint>): Promise<void> {
  await store.create(id, { layers: [0], width: 1, taught: false });
  const points = Array.from({ length: rows }, (_, row): SamplePoint => {
    const text = { context: [], prompt: 'p', response: 'r', raw: null, label: null, metadata: {} };
    const origin = { id: pointId(id, 'd', row), row, line: row + 1, sourceRow: row, part: null };
    const vectors = { vector: Float32Array.of(1, 0), norms: Float32Array.of(1, 0) };
    const untaught = { taught: null, lesson: null };
    return { ...text, ...origin, ...vectors, ...untaught, truncated: false, loss: 1, ...more(row) };
  });
  await store.upsert(id, points);
}

const refusal = (message: RegExp, remedy: RegExp = /./): unknown =>
  expect.objectContaining({
    code: 'INPUT_INVALID',
    message: expect.stringMatching(message) as unknown,
    remedy: expect.stringMatching(remedy) as unknown,
  });

describe('a filter that let nothing through', () => {
  const record = recordOf(ID, 30);
  beforeAll(() =>
    fill(ID, 30, (row) => ({
      label: row === 4 ? null : `l${row % 25}`,
      metadata: row === 7 ? { ticket: 7, rare: 'x' } : { ticket: row },
    })),
  );

  it.each<[string, SampleFilter, RegExp, RegExp]>([
    ['label', { labels: ['rud'] }, /the label "rud"; it has "l0", .* and 5 more$/, /capitals/],
    ['label beside others', { labels: ['rud'], rows: [3] }, /"rud"/, /./],
    [
      'column',
      { metadata: [{ key: 'tickt', values: ['1'] }] },
      /^no sample of the index has a column "tickt".*they have "ticket", "rare"$/,
      /capitals/,
    ],
    [
      'column that is the label',
      { metadata: [{ key: 'kind', values: ['l1'] }] },
      /"kind" is the label/,
      /--label/,
    ],
    ['row', { rows: [100, 101] }, /any of the rows given: its dataset has the rows 0 to 29$/, /from 0/],
  ])('for want of a %s is refused, with what there is', async (_what, filter, message, remedy) => {
    await expect(refuseHopeless(store, record, filter)).rejects.toEqual(refusal(message, remedy));
  });

  it.each<[string, SampleFilter]>([
    ['a value that no sample has', { metadata: [{ key: 'ticket', values: ['99'] }] }],
    ['a column that one sample has', { metadata: [{ key: 'rare', values: ['y'] }] }],
    ['labels of which one is there', { labels: ['rud', 'l1'], rows: [0] }],
    ['rows of which one is there', { rows: [29, 30] }],
    ['all labels left out', { withoutLabels: ['l1'] }],
  ])('for %s has found nothing, and is no slip', async (_what, filter) => {
    await expect(refuseHopeless(store, record, filter)).resolves.toBeUndefined();
  });

  it('says so of an index without labels or columns', async () => {
    const id = '7f9c3a42-2f0f-4a3e-8f6d-0d4d2f3a9b11';
    await fill(id, 2, () => ({}));
    const bare = recordOf(id, 2, null);
    await expect(refuseHopeless(store, bare, { labels: ['a'] })).rejects.toEqual(
      refusal(/no sample of the index has a label$/),
    );
    await expect(
      refuseHopeless(store, bare, { metadata: [{ key: 'label', values: ['a'] }] }),
    ).rejects.toEqual(refusal(/they have no other columns$/));
  });

  it('says of how many samples it speaks where the index has more', async () => {
    const id = '8f9c3a42-2f0f-4a3e-8f6d-0d4d2f3a9b11';
    await fill(id, 1200, () => ({ label: 'a', metadata: { ticket: 1 } }));
    const large = recordOf(id, 1200);
    await expect(
      refuseHopeless(store, large, { metadata: [{ key: 'tickt', values: ['1'] }] }),
    ).rejects.toEqual(refusal(/^none of 1000 samples spread over the index has a column "tickt"/));
    await expect(refuseHopeless(store, large, { labels: ['b'] })).rejects.toEqual(
      refusal(/; 1000 samples spread over it have "a"$/),
    );
  });
});
