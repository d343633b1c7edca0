/** The formula of LanceDB against a real folder; Qdrant's was fitted to a real server (see point-bytes.ts). */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v4 as uuid } from 'uuid';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import { KEPT_TOKENS, TOKEN_DIMS } from '../../../lib/taught/constants.ts';
import { lessonTotal, packLesson, unpackLesson } from '../../../lib/taught/lesson.ts';
import { pooled } from '../../../lib/taught/pooled.ts';
import { openLanceStore } from './lance-store.ts';
import { LESSON_BYTES, lanceBytes, qdrantBytes } from './point-bytes.ts';
import type { SamplePoint } from './signature-store.ts';

const SHAPE = { layers: [3], width: 64, taught: false };

/** Of all files in a folder, and in those within. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const random = new Random(1);
const text = (length: number) =>
  Array.from({ length }, () => String.fromCharCode(97 + random.int(26))).join('');
const floats = (length: number) => Float32Array.from({ length }, () => random.normal() / 8);

/** Of as many tokens as are kept, and where the response begins. */
function lesson(): Pick<SamplePoint, 'taught' | 'lesson'> {
  const packed = packLesson(
    Array.from({ length: KEPT_TOKENS }, (_, i) => ({
      position: i,
      weight: 1 + random.next(),
      gradient: floats(TOKEN_DIMS),
      hidden: floats(TOKEN_DIMS),
    })),
    { position: 0, total: 30, gradient: floats(TOKEN_DIMS), hidden: floats(TOKEN_DIMS) },
  );
  const { tokens } = unpackLesson(packed);
  return { taught: lessonTotal(tokens), lesson: { packed, pooled: pooled(tokens) } };
}

function point(row: number, taught: boolean): SamplePoint {
  return {
    ...{ id: uuid(), row, line: row + 1, sourceRow: row, part: null, context: [], raw: null },
    ...{ prompt: text(60), response: text(140), label: null, metadata: {}, truncated: false },
    loss: random.next(),
    ...(taught ? lesson() : { taught: null, lesson: null }),
    vector: floats(128),
    norms: Float32Array.from([1, 1]),
  };
}

describe('lanceBytes', () => {
  it.each([false, true])(
    'is what a folder takes after the small writes of a build, to an eighth (lessons: %s)',
    async (taught) => {
      const folder = await mkdtemp(join(tmpdir(), 'reptrace-point-bytes-'));
      const store = await openLanceStore(folder);
      try {
        const index = uuid();
        const shape = { ...SHAPE, taught };
        await store.create(index, shape);
        const empty = await sizeOf(folder);
        for (let row = 0; row < 600; row += 30) {
          await store.upsert(
            index,
            Array.from({ length: 30 }, (_, i) => point(row + i, taught)),
          );
        }
        const taken = (await sizeOf(folder)) - empty;
        const said = lanceBytes({ points: 600, shape, textBytes: 200 });
        expect(said / taken).toBeGreaterThan(7 / 8);
        expect(said / taken).toBeLessThan(9 / 8);
        expect(store.bytesOf({ points: 600, shape, textBytes: 200 })).toBe(said);
      } finally {
        await store.close();
        await rm(folder, { recursive: true });
      }
    },
  );

  it('says at most 3 KB a sample for what was taught: lesson, pooled vector and weight', () => {
    const { lesson: kept } = lesson();
    expect((kept?.packed.byteLength ?? Infinity) + (kept?.pooled.byteLength ?? Infinity) + 4).toBe(
      LESSON_BYTES,
    );
    const counts = { points: 1e6, shape: SHAPE, textBytes: 400 };
    const more = lanceBytes({ ...counts, shape: { ...SHAPE, taught: true } }) - lanceBytes(counts);
    expect(more / 1e6).toBeGreaterThan(LESSON_BYTES);
    expect(more / 1e6).toBeLessThan(3000);
  });

  it('of many points is their floats and texts, and little else', () => {
    const numbers = 4 * (2 * 576 + 2);
    expect(
      lanceBytes({ points: 1e6, shape: { ...SHAPE, width: 576 }, textBytes: 400 }) / 1e6 / (numbers + 400),
    ).toBeLessThan(1.02);
  });
});

describe('qdrantBytes', () => {
  it('is within a tenth of what a server took', () => {
    const measured = [
      { points: 4000, width: 64, bytes: 8_077_312 },
      { points: 20_000, width: 64, bytes: 39_940_096 },
      { points: 20_000, width: 576, bytes: 259_407_872 },
      { points: 500, width: 576, bytes: 6_004_736 },
    ];
    for (const { points, width, bytes } of measured) {
      const said = qdrantBytes({ points, shape: { ...SHAPE, width }, textBytes: 124.4 });
      expect(Math.abs(said / bytes - 1)).toBeLessThan(0.1);
    }
  });

  it('is within a ninth with lessons', () => {
    const measured = [
      { points: 4000, width: 64, bytes: 38_178_816 },
      { points: 20_000, width: 64, bytes: 157_069_312 },
      { points: 500, width: 576, bytes: 9_371_648 },
    ];
    for (const { points, width, bytes } of measured) {
      const said = qdrantBytes({ points, shape: { ...SHAPE, width, taught: true }, textBytes: 124 });
      expect(Math.abs(said / bytes - 1)).toBeLessThan(1 / 9);
    }
  });
});
