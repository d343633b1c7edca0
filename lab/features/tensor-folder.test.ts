import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readArrays, writeArrays } from './tensor-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-arrays-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const ARRAYS = [
  { name: 'a', shape: [2, 2], values: Float32Array.of(1, -0.1, 3e-40, 4e30) },
  // A view into a larger buffer, and an array of nothing.
  { name: 'b', shape: [2], values: Float32Array.of(0, 7, 8, 0).subarray(1, 3) },
  { name: 'none', shape: [0, 3], values: new Float32Array() },
];

describe('arrays in a folder', () => {
  it('come back as they were, to the last bit, with what is known of them', async () => {
    await writeArrays(folder, { rows: ['x'] }, ARRAYS);
    const read = await readArrays<{ rows: string[] }>(folder);
    expect(read.meta).toEqual({ rows: ['x'] });
    for (const { name, shape, values } of ARRAYS) {
      expect(read.array(name).shape).toEqual(shape);
      expect([...read.array(name).values]).toEqual([...values]);
    }
  });

  it('are refused by name when a byte of them changed', async () => {
    await writeArrays(folder, {}, ARRAYS);
    const path = join(folder, '0.bin');
    const bytes = await readFile(path);
    bytes[5] ^= 1;
    await writeFile(path, bytes);
    await expect(readArrays(folder)).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringContaining('"a" is not what was written') as string,
    });
  });

  it('are refused when the header claims another shape', async () => {
    await writeArrays(folder, {}, ARRAYS);
    const path = join(folder, 'header.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('[2,2]', '[2,900000000]'));
    await expect(readArrays(folder)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  });

  it('are refused when the header is missing, or an array is asked for that is not there', async () => {
    await expect(readArrays(folder)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    await writeArrays(folder, {}, ARRAYS);
    const read = await readArrays(folder);
    expect(() => read.array('c')).toThrow('it has no "c"');
  });

  it('are not written with a shape that is not theirs', async () => {
    await expect(writeArrays(folder, {}, [{ ...ARRAYS[0], shape: [3] }])).rejects.toThrow('the shape 3');
  });
});
