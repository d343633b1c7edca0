import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import { unpackHadoopLz4, unpackLz4, unpackLz4Frame, unpackSnappy } from './block-codecs.ts';
import type { Unpack } from './unpack.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (...parts: readonly (number | string)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part]))),
  );

/** 'abc' and then 12 bytes from 3 back: they repeat themselves. */
const WHOLE = 'abcabcabcabcabc';
const SNAPPY = bytes(15, 2 << 2, 'abc', (11 << 2) | 2, 3, 0);
/** The last sequence is of literals alone. */
const LZ4 = bytes(0x36, 'abc', 3, 0, 0x20, 'bc');
const big = (value: number): Buffer => {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value);
  return four;
};
const FRAME = Buffer.concat([
  bytes(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, LZ4.byteLength, 0, 0, 0),
  LZ4,
  bytes(0, 0, 0, 0),
]);
const KINDS: readonly (readonly [string, Unpack, Buffer, string])[] = [
  ['Snappy', unpackSnappy, SNAPPY, WHOLE],
  ['LZ4', unpackLz4, LZ4, `${WHOLE.slice(0, 13)}bc`],
  [
    'LZ4 of Hadoop',
    unpackHadoopLz4,
    Buffer.concat([big(15), big(LZ4.byteLength), LZ4]),
    `${WHOLE.slice(0, 13)}bc`,
  ],
  ['LZ4 of Hadoop, without its sizes', unpackHadoopLz4, LZ4, `${WHOLE.slice(0, 13)}bc`],
  ['a frame of LZ4', unpackLz4Frame, FRAME, `${WHOLE.slice(0, 13)}bc`],
];

describe.each(KINDS)('%s', (_name, unpack, packed, whole) => {
  it('gives the bytes that were packed', () => {
    expect(text(unpack(packed, 15))).toBe(whole);
  });

  it('is refused where its size is another', () => {
    for (const size of [0, 14, 16, 2 ** 31]) expect(() => unpack(packed, size)).toThrow(/damaged/);
  });

  it('ends with bytes of the size or an error, whatever is changed', () => {
    const random = new Random(7);
    for (let i = 0; i < 3000; i++) {
      const changed = Buffer.from(packed);
      for (let changes = 1 + random.int(3); changes > 0; changes--)
        changed[random.int(changed.byteLength)] = random.int(256);
      const size = random.pick([15, 15, random.int(2000)]);
      try {
        expect(unpack(changed.subarray(0, 1 + random.int(changed.byteLength)), size).byteLength).toBe(size);
      } catch (error) {
        expect(String(error)).toMatch(/Error: it is (damaged|packed)/);
      }
    }
  });
});

describe('Snappy', () => {
  it('takes literals of any length and copies from far away', () => {
    const long = 'x'.repeat(70_000);
    const literal = bytes(0xf0, 0x80, 0x82, 62 << 2, 0x6f, 0x11, 0x01, long);
    const [size, copied] = [Buffer.from([0x84, 0xa3, 0x04]), bytes((3 << 2) | 3, 0x70, 0x11, 0x01, 0)];
    expect(text(unpackSnappy(Buffer.concat([size, literal.subarray(3), copied]), 70_004))).toBe(
      `${long}xxxx`,
    );
  });
});
