import { describe, expect, it } from 'vitest';
import { givenDType, givenShape, readingPlan, type Layout } from './layouts.ts';
import { bytesFor, type GgufDType } from './gguf-types.ts';
import { randomBlocks } from './testing.ts';

const SHAPE = { heads: 3, headDim: 4 };

/** A stored tensor read by the plan's parts, each put to its place. */
function read(
  layout: Layout,
  shape: readonly number[],
  dtype: GgufDType,
  stored: Uint8Array<ArrayBuffer>,
): Uint8Array {
  const { step, place, arrange } = readingPlan('w', layout, SHAPE, shape, dtype);
  const values = shape.reduce((product, size) => product * size, 1);
  const given = new Uint8Array(stored.length);
  for (let first = 0; first < values; first += step) {
    const part = stored.slice(bytesFor(dtype, first), bytesFor(dtype, Math.min(values, first + step)));
    const out = new Uint8Array(part.length);
    arrange?.(part, out);
    given.set(arrange === undefined ? part : out, bytesFor(dtype, place(first)));
  }
  return given;
}

function floats(values: readonly number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Float32Array.from(values).buffer);
}

describe('stacked heads', () => {
  // Rows are told by part, head and dimension.
  const rows = (order: 'stored' | 'given'): number[] =>
    Array.from({ length: 36 }, (_, row) => {
      const [part, head] =
        order === 'stored'
          ? [Math.floor(row / 12), Math.floor(row / 4) % 3]
          : [Math.floor(row / 4) % 3, Math.floor(row / 12)];
      return 100 * part + 10 * head + (row % 4);
    });

  it('come back as query, key and value of head after head, as weights and as biases', () => {
    const wide = (values: readonly number[]): Uint8Array<ArrayBuffer> =>
      floats(values.flatMap((value) => [value, -value]));
    expect(read('stacked-heads', [36, 2], 'F32', wide(rows('stored')))).toEqual(wide(rows('given')));
    expect(read('stacked-heads', [36], 'F32', floats(rows('stored')))).toEqual(floats(rows('given')));
  });

  it('come back so in whole blocks too', () => {
    const blocks = randomBlocks('Q8_0', 36, 5);
    const block = (bytes: Uint8Array, row: number): Uint8Array => bytes.subarray(row * 34, (row + 1) * 34);
    const given = read('stacked-heads', [36, 32], 'Q8_0', blocks);
    for (const [row, label] of rows('given').entries())
      expect(block(given, row)).toEqual(block(blocks, rows('stored').indexOf(label)));
  });
});

describe('turned matrices', () => {
  it('come back, whether their elements have two or four bytes', () => {
    const [inputs, outputs] = [70, 45];
    const stored = Array.from({ length: inputs * outputs }, (_, i) => i);
    const given = stored.map((_, i) => (i % outputs) * inputs + Math.floor(i / outputs));
    const as16 = (values: number[]): Uint8Array<ArrayBuffer> =>
      new Uint8Array(Uint16Array.from(values).buffer);
    expect(read('transposed', [inputs, outputs], 'F32', floats(stored))).toEqual(floats(given));
    expect(read('transposed', [inputs, outputs], 'F16', as16(stored))).toEqual(as16(given));
  });

  it('have the other shape, and no blocks', () => {
    expect(givenShape('transposed', [2, 3])).toEqual([3, 2]);
    expect(givenShape('rotary-rows', [2, 3])).toEqual([2, 3]);
    expect(givenDType('transposed', 'Q4_K', true)).toBe('F32');
    expect(givenDType('stacked-heads', 'Q4_K', true)).toBe('Q4_K');
    expect(givenDType('stacked-heads', 'Q4_K', false)).toBe('F32');
    expect(givenDType('transposed', 'F16', true)).toBe('F16');
  });

  it('are refused where they cannot be held whole', () => {
    expect(() => readingPlan('w', 'transposed', SHAPE, [1 << 14, 1 << 14], 'F16')).toThrow(
      /"w" 268435456 values/,
    );
    expect(() => readingPlan('w', 'rotary-rows', SHAPE, [12, 1 << 23], 'F16')).toThrow(/put in order/);
  });
});

describe('a norm with its one', () => {
  it('gives the stored value to the last bit when the one is added again', () => {
    // What the converter makes of scales: of all magnitudes, negative ones too.
    const scales = Array.from(
      { length: 4000 },
      (_, i) => (i % 2 === 0 ? 1 : -1) * 2 ** (i / 100 - 25) * 1.37,
    );
    const stored = Float32Array.from(scales.map((scale) => Math.fround(Math.fround(scale) + 1)));
    const given = new Float32Array(read('plus-one', [4000], 'F32', new Uint8Array(stored.buffer)).buffer);
    expect(given.map((scale) => scale + 1)).toEqual(stored);
  });

  it('is given in float32, whatever it is stored in', () => {
    expect(givenDType('plus-one', 'F16', false)).toBe('F32');
    expect(givenDType('plus-one', 'Q8_0', true)).toBe('F32');
  });
});
