import { describe, expect, it } from 'vitest';
import { DeltaReader } from './delta.ts';
import { HybridReader } from './hybrid.ts';
import { TYPE } from './leaf-values.ts';
import { dictionaryOf, pageValues } from './page-values.ts';
import type { Leaf } from './schema.ts';

const leaf = (type: number, width = 0): Leaf => ({
  path: ['a'],
  type,
  width,
  maxDefinition: 0,
  maxRepetition: 0,
});
const [PLAIN, DELTA_NUMBERS, DELTA_STRINGS, DICTIONARY] = [0, 5, 7, 8];

/** Of 2^30 numbers: a run of the value 1. */
const RUN = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x08, 1);

describe('runs and packed bits', () => {
  it('are those of the example of the format', () => {
    // 8 numbers of 3 bits, 0 to 7; then a run of four 5s.
    const reader = new HybridReader(Uint8Array.of(0x03, 0x88, 0xc6, 0xfa, 0x08, 5), 3);
    expect(Array.from({ length: 12 }, () => reader.next())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 5, 5, 5, 5]);
    expect(() => reader.next()).toThrow(/cut off/);
  });

  it('take no time and no memory for what a run claims to repeat', () => {
    expect(new HybridReader(RUN, 1).count(1, 2 ** 30)).toBe(2 ** 30);
    expect(new HybridReader(RUN, 1).count(0, 2 ** 30)).toBe(0);
  });

  it.each([
    ['a run without its value', Uint8Array.of(0x08), 8],
    ['packed numbers that are cut off', Uint8Array.of(0x05, 1), 8],
    ['a length that never ends', new Uint8Array(20).fill(0x80), 1],
    ['runs of nothing', new Uint8Array(10), 0],
    ['nothing', new Uint8Array(0), 1],
  ])('are refused with %s', (_what, bytes, width) => {
    const reader = new HybridReader(bytes, width);
    expect(() => reader.count(1, 1000)).toThrow(/cut off|never ends/);
  });
});

const numbersOf = (reader: DeltaReader, count: number) => Array.from({ length: count }, () => reader.next());

describe('differences', () => {
  it('are those of the example of the format', () => {
    // 1 to 5, in a block of 128 with 4 miniblocks: all differences are 1.
    const bytes = Uint8Array.of(128, 1, 4, 5, 2, 2, 0, 0, 0, 0);
    const reader = new DeltaReader(bytes, 0);
    expect(reader.end()).toBe(10);
    expect(numbersOf(reader, 5)).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(() => reader.next()).toThrow(/cut off/);
  });

  it('may be spread over blocks and miniblocks', () => {
    // Blocks of 8 with 2 miniblocks: 0 to 9, then 10 more by twos; the last miniblock is not filled.
    const ones = [2, 0, 0];
    const twos = [4, 0, 0];
    const bytes = Uint8Array.of(8, 2, 20, 0, ...ones, ...twos, 0, 1, 0, 0b0101);
    const reader = new DeltaReader(bytes, 0);
    expect(reader.end()).toBe(bytes.byteLength);
    expect(numbersOf(reader, 20).map(Number)).toEqual([
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8],
      ...[10, 12, 14, 16, 18, 20, 22, 24],
      ...[25, 25, 26],
    ]);
  });

  it('take no time and no memory for what they claim to repeat', () => {
    // 2^35 - 1 numbers, of which one block of 65536 is there.
    const bytes = Uint8Array.of(0x80, 0x80, 0x04, 1, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 2, 0);
    const reader = new DeltaReader(bytes, 0);
    expect(numbersOf(reader, 3)).toEqual([0n, 1n, 2n]);
    expect(() => reader.end()).toThrow(/cut off/);
  });

  it.each([
    ['blocks of no size', Uint8Array.of(0, 4, 5, 2, 2), /no known size/],
    ['no miniblocks', Uint8Array.of(128, 1, 0, 5, 2, 2), /no known size/],
    ['a number without end', Uint8Array.of(128, 1, 4, 5, ...new Uint8Array(30).fill(0x80)), /never ends/],
    ['fewer than they say', Uint8Array.of(128, 1, 4, 100, 2, 2, 8, 8, 8, 8, 1, 2, 3), /cut off/],
    ['more bits than a number has', Uint8Array.of(128, 1, 4, 5, 2, 2, 65, 0, 0, 0), /more than 64 bits/],
  ])('are refused with %s', (_what, bytes, message) => {
    expect(() => numbersOf(new DeltaReader(bytes, 0), 5)).toThrow(message);
    expect(() => new DeltaReader(bytes, 0).end()).toThrow(message);
  });
});

describe('the values of a page', () => {
  it('of a dictionary take no more memory for being repeated', () => {
    const dictionary = dictionaryOf(Uint8Array.of(1, 0, 0, 0, 97, 2, 0, 0, 0, 98, 99), leaf(TYPE.bytes));
    const next = pageValues(Uint8Array.of(1, ...RUN), DICTIONARY, leaf(TYPE.bytes), dictionary);
    for (let i = 0; i < 1000; i++) expect(next()).toEqual(Uint8Array.of(98, 99));
    expect(() => dictionary(2)).toThrow(/none of its dictionary/);
  });

  it.each([
    ['text cut off', PLAIN, leaf(TYPE.bytes), Uint8Array.of(5, 0, 0, 0, 97)],
    ['text of a huge length', PLAIN, leaf(TYPE.bytes), Uint8Array.of(255, 255, 255, 255, 97)],
    ['numbers cut off', PLAIN, leaf(TYPE.int64), new Uint8Array(7)],
    ['fixed text cut off', PLAIN, leaf(TYPE.fixedBytes, 9), new Uint8Array(8)],
    ['no booleans', PLAIN, leaf(TYPE.boolean), new Uint8Array(0)],
    ['fewer differences than values', DELTA_NUMBERS, leaf(TYPE.int32), Uint8Array.of(128, 1, 4, 0, 0)],
    ['places without a dictionary', DICTIONARY, leaf(TYPE.bytes), Uint8Array.of(1, 2, 3)],
    ['an encoding that is not known', 77, leaf(TYPE.bytes), new Uint8Array(9)],
    ['text written as numbers are', DELTA_NUMBERS, leaf(TYPE.bytes), new Uint8Array(9)],
    // Two strings: none shared, then 2 bytes shared of the 1 that there is.
    [
      'more shared than there is',
      DELTA_STRINGS,
      leaf(TYPE.bytes),
      Uint8Array.of(128, 1, 4, 2, 0, 4, 0, 0, 0, 0, 128, 1, 4, 2, 2, 0, 0, 0, 0, 0, 97, 97),
    ],
  ])('are refused with %s', (_what, encoding, column, bytes) => {
    expect(() => {
      const next = pageValues(bytes, encoding, column, null);
      for (let i = 0; i < 2; i++) next();
    }).toThrow(Error);
  });
});
