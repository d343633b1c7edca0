/** The formula of LanceDB against a real folder; Qdrant's was fitted to a real server (see point-bytes.ts). */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v4 as uuid } from 'uuid';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import { openLanceStore } from './lance-store.ts';
import { lanceBytes, qdrantBytes } from './point-bytes.ts';

const SHAPE = { layers: [3], width: 64 };

/** Of all files in a folder, and in those within. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('lanceBytes', () => {
  it('is what a folder takes after the small writes of a build, to an eighth', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reptrace-point-bytes-'));
    const store = await openLanceStore(folder);
    try {
      const random = new Random(1);
      const index = uuid();
      const text = (length: number) =>
        Array.from({ length }, () => String.fromCharCode(97 + random.int(26))).join('');
      await store.create(index, SHAPE);
      const empty = await sizeOf(folder);
      for (let row = 0; row < 600; row += 30) {
        await store.upsert(
          index,
          Array.from({ length: 30 }, (_, i) => ({
            ...{
              id: uuid(),
              row: row + i,
              line: row + i + 1,
              sourceRow: row + i,
              part: null,
              context: [],
              raw: null,
            },
            ...{
              prompt: text(60),
              response: text(140),
              label: null,
              metadata: {},
              truncated: false,
              loss: random.next(),
            },
            vector: Float32Array.from({ length: 128 }, () => random.normal() / 8),
            norms: Float32Array.from([1, 1]),
          })),
        );
      }
      const taken = (await sizeOf(folder)) - empty;
      const said = lanceBytes({ points: 600, shape: SHAPE, textBytes: 200 });
      expect(said / taken).toBeGreaterThan(7 / 8);
      expect(said / taken).toBeLessThan(9 / 8);
      expect(store.bytesOf({ points: 600, shape: SHAPE, textBytes: 200 })).toBe(said);
    } finally {
      await store.close();
      await rm(folder, { recursive: true });
    }
  });

  it('of many points is their floats and texts, and little else', () => {
    const floats = 4 * (2 * 576 + 2);
    expect(
      lanceBytes({ points: 1e6, shape: { ...SHAPE, width: 576 }, textBytes: 400 }) / 1e6 / (floats + 400),
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
      const said = qdrantBytes({ points, shape: { layers: [3], width }, textBytes: 124.4 });
      expect(Math.abs(said / bytes - 1)).toBeLessThan(0.1);
    }
  });
});
