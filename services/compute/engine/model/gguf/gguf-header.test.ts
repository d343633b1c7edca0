import { describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../../lib/errors.ts';
import { NeedMoreBytes } from './gguf-cursor.ts';
import { parseGgufHeader } from './gguf-header.ts';
import { f32, text, u32, u64, writeGguf, type GgufParts } from './testing.ts';

const F32 = 0;
const Q4_0 = 2;
const one = { name: 'a', sizes: [3, 2], type: F32, data: new Uint8Array(24) };
const two = { name: 'b', sizes: [64], type: Q4_0, data: new Uint8Array(36) };

function parse(parts: GgufParts, change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): unknown {
  const bytes = change(writeGguf(parts));
  return parseGgufHeader(bytes, bytes.byteLength);
}

describe('parseGgufHeader', () => {
  it('reads versions 2 and 3, every type of value, tensors with the slowest size first, and the alignment', () => {
    const array = (type: number, ...items: Uint8Array[]): Uint8Array =>
      Buffer.concat([u32(type), u64(items.length), ...items]);
    const values: readonly [number, Uint8Array, unknown][] = [
      [0, new Uint8Array([200]), 200],
      [1, new Uint8Array([200]), -56],
      [2, new Uint8Array([1, 255]), 0xff01],
      [3, new Uint8Array([1, 255]), -255],
      [4, u32(4_000_000_000), 4_000_000_000],
      [5, u32(4_294_967_295), -1],
      [6, f32(0.5), 0.5],
      [7, new Uint8Array([1]), true],
      [8, text('ä'), 'ä'],
      [9, array(8, text('x'), text('')), { length: 2, items: ['x', ''] }],
      [
        9,
        array(9, array(4, u32(7)), array(7)),
        {
          length: 2,
          items: [
            { length: 1, items: [7] },
            { length: 0, items: [] },
          ],
        },
      ],
      [10, u64(2n ** 53n - 1n), 2 ** 53 - 1],
      [11, u64(2n ** 64n - 5n), -5],
      [10, u64(2n ** 63n), 2n ** 63n],
      [12, Buffer.from(new Float64Array([0.1]).buffer), 0.1],
    ];
    const metadata = values.map(([as, value], i) => ({ key: `k${i}`, as, value }));
    metadata.push({ key: 'general.alignment', as: 4, value: u32(64) });
    for (const version of [2, 3]) {
      const bytes = writeGguf({ version, metadata, alignment: 64, tensors: [one, two] });
      const header = parseGgufHeader(bytes, bytes.byteLength);
      expect([...header.metadata.values()].slice(0, -1)).toEqual(values.map(([, , expected]) => expected));
      const end = bytes.byteLength;
      expect([...header.tensors.values()]).toEqual([
        { name: 'a', dtype: 'F32', shape: [2, 3], begin: end - 128, end: end - 104 },
        { name: 'b', dtype: 'Q4_0', shape: [64], begin: end - 64, end: end - 28 },
      ]);
    }
  });

  it('passes over long arrays without keeping their items', () => {
    const long = Buffer.concat([u32(8), u64(5000), ...Array.from({ length: 5000 }, () => text('tok'))]);
    const bytes = writeGguf({
      metadata: [
        { key: 'tokens', as: 9, value: long },
        { key: 'after', as: 8, value: text('it') },
      ],
    });
    const { metadata } = parseGgufHeader(bytes, bytes.byteLength);
    expect(metadata.get('tokens')).toEqual({ length: 5000, items: null });
    expect(metadata.get('after')).toBe('it');
  });

  it('asks for more of a file whose header it has in part, and refuses a file that ends there', () => {
    const bytes = writeGguf({ metadata: [{ key: 'k', as: 8, value: text('v') }], tensors: [one] });
    for (let length = 0; length < bytes.byteLength - 32; length++) {
      const part = bytes.subarray(0, length);
      expect(() => parseGgufHeader(part, length), `${length} bytes`).toThrow(ReptraceError);
      // The header has 87 bytes; padding follows.
      if (length < 87) expect(() => parseGgufHeader(part, bytes.byteLength)).toThrow(NeedMoreBytes);
    }
    expect(() => parse({ tensors: [one, two] }, (whole) => whole.subarray(0, -30))).toThrow(
      /ends within.*"b"/,
    );
  });

  it.each<[string, GgufParts, RegExp]>([
    ['another version', { version: 1 }, /version 1; versions 2 and 3/],
    ['a big-endian file', { version: 0x03000000 }, /big-endian/],
    [
      'a count of tensors beyond the file',
      { tensorCount: 2n ** 53n },
      /9007199254740992 tensors: more than fit/,
    ],
    [
      'a count of entries beyond the file',
      { metadataCount: 2n ** 64n - 1n },
      /metadata entries: more than fit/,
    ],
    ['a tensor twice', { tensors: [one, { ...two, name: 'a' }] }, /tensor "a" twice/],
    ['a key twice', { metadata: [0, 0].map(() => ({ key: 'k', as: 4, value: u32(1) })) }, /key "k" twice/],
    [
      'a type of value that is none',
      { metadata: [{ key: 'k', as: 13, value: u32(1) }] },
      /"k".*unknown type 13/,
    ],
    ['a flag of 2', { metadata: [{ key: 'k', as: 7, value: new Uint8Array([2]) }] }, /"k" a flag/],
    [
      'an array longer than the file',
      { metadata: [{ key: 'k', as: 9, value: Buffer.concat([u32(8), u64(2n ** 40n)]) }] },
      /items in "k": more than fit/,
    ],
    [
      'arrays in arrays without end',
      {
        metadata: [
          {
            key: 'k',
            as: 9,
            value: Buffer.concat(Array.from({ length: 50 }, () => [u32(9), u64(1)]).flat()),
          },
        ],
      },
      /nests arrays deeper/,
    ],
    [
      'a string longer than the file',
      { metadata: [{ key: 'k', as: 8, value: u64(2n ** 62n) }] },
      /more than fit/,
    ],
    ['an alignment of 3', { metadata: [{ key: 'general.alignment', as: 4, value: u32(3) }] }, /alignment/],
    [
      'a type that is not read, by its name',
      { tensors: [{ ...one, type: 10 }] },
      /"a" as Q2_K; implemented are/,
    ],
    ['a type that is none', { tensors: [{ ...one, type: 99 }] }, /"a" as type 99/],
    ['no dimension', { tensors: [{ ...one, sizes: [] }] }, /0 dimensions/],
    ['five dimensions', { tensors: [{ ...one, sizes: [1, 1, 1, 1, 1] }] }, /5 dimensions/],
    ['a dimension of 2^63', { tensors: [{ ...one, sizes: [2n ** 63n] }] }, /dimension of tensor "a"/],
    ['a size beyond 2^53', { tensors: [{ ...one, sizes: [2n ** 40n, 2n ** 40n] }] }, /larger than any file/],
    ['an empty tensor', { tensors: [{ ...one, sizes: [0] }] }, /no values/],
    ['a part of a block', { tensors: [{ ...two, sizes: [40] }] }, /no whole blocks of Q4_0/],
    ['an offset off the alignment', { tensors: [one, { ...two, offset: 40 }] }, /"b" at byte 40/],
    ['an overlap', { tensors: [one, { ...two, offset: 0 }] }, /overlaps/],
    ['a gap', { tensors: [one, { ...two, offset: 64 }] }, /gap/],
    ['a tensor beyond the file', { tensors: [{ ...one, sizes: [300, 2] }] }, /ends within the tensor "a"/],
    ['an offset of 2^63', { tensors: [{ ...one, offset: 2n ** 63n }] }, /offset of tensor "a"/],
    ['bytes after the last tensor', { tensors: [one, two], alignment: 128 }, /gap|after its last/],
  ])('refuses %s', (_what, parts, message) => {
    expect(() => parse(parts)).toThrow(message);
    expect(() => parse(parts)).toThrow(ReptraceError);
  });

  it('refuses what is not GGUF, and bytes after the tensors', () => {
    expect(() => parse({}, () => Buffer.from('PK\x03\x04 and more'))).toThrow(/does not begin with "GGUF"/);
    const longer = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, new Uint8Array(33)]);
    expect(() => parse({ tensors: [one] }, longer)).toThrow(/after its last tensor/);
  });
});
