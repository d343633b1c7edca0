import { expect, it } from 'vitest';
import { readThrift } from './thrift.ts';

/** Field 1: a list of 60,000 structures that are all `item`. */
const listOf = (...item: readonly number[]): Uint8Array =>
  Buffer.concat([
    Buffer.from([0x19, 0xfc, 0xe0, 0xd4, 0x03]),
    ...Array.from({ length: 60_000 }, () => Buffer.from([...item, 0])),
    Buffer.from([0]),
  ]);

it('many small numbers are read, as footers of many row groups have them', () => {
  // Two of one byte each, besides the byte of their fields.
  const { value, end } = readThrift(listOf(0x15, 2, 0x15, 4));
  expect(end).toBe(300_006);
  expect(value.structs(1)).toHaveLength(60_000);
  expect(value.structs(1)?.[59_999].int(2)).toBe(2);
});

it.each([
  ['structures of nothing', listOf()],
  ['structures of a yes', listOf(0x11)],
])('more %s than a footer has are refused', (_what, bytes) => {
  expect(() => readThrift(bytes)).toThrow(/too many values for its size/);
});
