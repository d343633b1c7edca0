import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../lib/errors.ts';
import { decodeFloats, encodeFloats, isDType } from './dtype.ts';
import { parseSafetensorsHeader, safetensorsHeaderLength } from './safetensors.ts';
import { writeSafetensors } from './safetensors-writer.ts';

/** A file of `header` (text, or JSON to be) and `dataBytes` zero bytes. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.byteLength + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  file.set(json, 8);
  return file;
}

function parse(file: Uint8Array): unknown {
  return parseSafetensorsHeader(file, file.byteLength);
}

function expectInvalid(file: Uint8Array, message: RegExp): void {
  expect(() => parse(file)).toThrow(message);
  expect(() => parse(file)).toThrow(ReptraceError);
}

const A = { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] };
const B = { dtype: 'BF16', shape: [4], data_offsets: [24, 32] };

describe('parseSafetensorsHeader', () => {
  it('gives each tensor its range in the file, in the order of the bytes', () => {
    const file = fileOf({ b: B, __metadata__: { format: 'pt' }, a: A }, 32);
    const start = file.byteLength - 32;
    expect(parse(file)).toEqual([
      { name: 'a', dtype: 'F32', shape: [2, 3], begin: start, end: start + 24 },
      { name: 'b', dtype: 'BF16', shape: [4], begin: start + 24, end: start + 32 },
    ]);
  });

  it('accepts a scalar, an empty tensor, and a file of no tensors', () => {
    const scalar = { dtype: 'F16', shape: [], data_offsets: [0, 2] };
    const empty = { dtype: 'F32', shape: [0, 5], data_offsets: [2, 2] };
    expect(parse(fileOf({ scalar, empty }, 2))).toHaveLength(2);
    expect(parse(fileOf({}, 0))).toEqual([]);
  });

  it('refuses a file that is cut off, and one that goes on', () => {
    const file = fileOf({ a: A, b: B }, 32);
    for (let size = 0; size < file.byteLength; size++) {
      expect(() => parse(file.subarray(0, size)), `${size} bytes`).toThrow(ReptraceError);
    }
    expectInvalid(fileOf({ a: A, b: B }, 33), /1 bytes after its last tensor/);
  });

  it('refuses a header length beyond the file, beyond the format, or of 2^53 and more', () => {
    for (const length of [33n, 100_000_001n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      const file = fileOf({}, 30);
      new DataView(file.buffer).setBigUint64(0, length, true);
      expect(() => safetensorsHeaderLength(file, file.byteLength), length.toString()).toThrow(
        /claims a header/,
      );
    }
  });

  it('refuses tensors that overlap, leave a gap, or lie outside the file, by name', () => {
    expectInvalid(fileOf({ a: A, b: { ...B, data_offsets: [20, 28] } }, 32), /"b".*overlaps/);
    expectInvalid(fileOf({ a: A, b: { ...B, data_offsets: [28, 36] } }, 36), /"b".*gap/);
    expectInvalid(fileOf({ a: { ...A, data_offsets: [8, 32] } }, 32), /"a".*gap/);
    expectInvalid(fileOf({ a: A, b: { ...B, data_offsets: [32, 40] } }, 32), /"b" at bytes 32 to 40/);
    expectInvalid(fileOf({ a: { ...A, data_offsets: [24, 0] } }, 24), /"a"/);
    expectInvalid(fileOf({ a: { ...A, data_offsets: [0, 2 ** 53] } }, 24), /"a"/);
  });

  it('refuses a shape that does not fit its bytes, or is not whole numbers', () => {
    expectInvalid(fileOf({ a: { ...A, shape: [2, 4] } }, 24), /24 bytes, but F32 of shape \[2, 4\] takes 32/);
    for (const shape of [[2.5, 2], [-2, -3], ['2', 3], [2 ** 53, 0], 6, null, [[2], 3], Array(9).fill(1)]) {
      expectInvalid(fileOf({ a: { ...A, shape } }, 24), /shape/);
    }
    expectInvalid(fileOf({ a: { ...A, shape: [2 ** 31, 2 ** 31, 2 ** 31] } }, 24), /takes Infinity/);
    expectInvalid(fileOf({ a: { ...A, data_offsets: [0, 24.5] } }, 24), /data_offsets/);
    expectInvalid(fileOf({ a: { ...A, data_offsets: [0] } }, 24), /data_offsets/);
  });

  it('names a dtype that is not known', () => {
    for (const dtype of ['I63', 'F128', 'bf16', '__proto__']) {
      expectInvalid(fileOf({ a: { ...A, dtype } }, 24), new RegExp(`"a" as "${dtype}"`));
    }
    expectInvalid(fileOf({ a: { shape: [2, 3], data_offsets: [0, 24] } }, 24), /dtype/);
  });

  it('refuses keys given twice, unknown fields, and prototype keys as anything but plain names', () => {
    const a = JSON.stringify(A);
    expectInvalid(fileOf(`{"a":${a},"a":${a}}`, 24), /given twice/);
    expectInvalid(
      fileOf('{"a":{"dtype":"F32","dtype":"F32","shape":[6],"data_offsets":[0,24]}}', 24),
      /twice/,
    );
    expectInvalid(fileOf({ a: { ...A, extra: 1 } }, 24), /"extra"/);
    expect(parse(fileOf(`{"__proto__":${a}}`, 24))).toMatchObject([{ name: '__proto__' }]);
    expectInvalid(
      fileOf('{"a":{"__proto__":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}}', 24),
      /__proto__/,
    );
  });

  it('refuses a header that is not a JSON object of objects', () => {
    for (const header of [
      '[]',
      ' {}',
      '{"a":1}',
      '{"a":[]}',
      '{"__metadata__":{"a":1}}',
      '{"a"',
      'null',
      '{}x',
    ]) {
      expect(() => parse(fileOf(header, 0)), header).toThrow(ReptraceError);
    }
    const notUtf8 = fileOf('{"??":1}', 0);
    notUtf8[10] = 0xff;
    expectInvalid(notUtf8, /not valid JSON/);
  });
});

describe('writeSafetensors', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reptrace-safetensors-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('writes what the parser reads back, aligned, in every dtype, whatever the order given', async () => {
    const values = Float32Array.from([0, -1.5, 3.14159, 1e-6, 65504]);
    const path = join(folder, 'all.safetensors');
    const tensors = [
      { name: 'half', dtype: 'F16' as const, shape: [5], data: values },
      { name: 'zz', dtype: 'F32' as const, shape: [5, 1], data: () => Promise.resolve(values) },
      { name: 'brain', dtype: 'BF16' as const, shape: [1, 5], data: encodeFloats('BF16', values) },
      { name: 'é"\\', dtype: 'F32' as const, shape: [], data: Float32Array.of(7) },
    ];
    await writeSafetensors(path, tensors, { step: '3' });
    const bytes = await readFile(path);
    const records = parseSafetensorsHeader(bytes, bytes.byteLength);
    expect(records.map(({ name }) => name)).toEqual(['zz', 'é"\\', 'brain', 'half']);
    for (const { name, dtype, begin, end } of records) {
      if (!isDType(dtype)) throw new Error(`${name} is stored as ${dtype}`);
      expect(begin % (dtype === 'F32' ? 4 : 2)).toBe(0);
      const source = name === 'é"\\' ? Float32Array.of(7) : values;
      expect(decodeFloats(dtype, bytes.subarray(begin, end))).toEqual(
        decodeFloats(dtype, encodeFloats(dtype, source)),
      );
    }
    expect(records[0]?.begin).toBe(8 + Number(bytes.readBigUInt64LE(0)));
    expect(Number(bytes.readBigUInt64LE(0)) % 8).toBe(0);
    expect(bytes.toString('latin1', 8, 80)).toContain('"__metadata__":{"format":"pt","step":"3"}');

    await writeSafetensors(join(folder, 'again.safetensors'), [...tensors].reverse(), { step: '3' });
    expect(await readFile(join(folder, 'again.safetensors'))).toEqual(bytes);
  });

  it('leaves the old file, and no other, when it fails', async () => {
    const path = join(folder, 'kept.safetensors');
    await writeFile(path, 'old');
    const bad = (data: Float32Array, shape: number[], dtype: 'F32' | 'F16' = 'F32') =>
      writeSafetensors(path, [{ name: 'w', dtype, shape, data }]);
    await expect(bad(Float32Array.of(NaN), [1])).rejects.toMatchObject({ code: 'WEIGHTS_NOT_FINITE' });
    await expect(bad(Float32Array.of(1e9), [1], 'F16')).rejects.toMatchObject({ code: 'WEIGHTS_NOT_FINITE' });
    await expect(bad(Float32Array.of(1, 2), [3])).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    const one = { name: 'w', dtype: 'F32' as const, shape: [1], data: Float32Array.of(1) };
    await expect(writeSafetensors(path, [one, one])).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await readdir(folder)).filter((name) => name.includes('kept'))).toEqual(['kept.safetensors']);
  });
});
