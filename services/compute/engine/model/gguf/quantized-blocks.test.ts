import { describe, expect, it } from 'vitest';
import { byteLength, type QuantizedDtype } from '../../device/tensor.ts';
import { dequantize } from './dequantize.ts';
import { BLOCKS, type QuantType } from './gguf-types.ts';
import { alignBlocks, assertFiniteBlocks, SCALES } from './quantized-blocks.ts';
import { randomBlocks } from './testing.ts';

const TYPES: readonly QuantType[] = ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K'];
const PAIRED: readonly QuantType[] = ['Q4_0', 'Q5_0', 'Q8_0', 'Q6_K'];

/** Bytes 0, 1, 2, … of a block, from `first` on. */
function numbered(type: QuantType, first: number): number[] {
  return Array.from({ length: BLOCKS[type].bytes }, (_, i) => (first + i) % 256);
}

function valuesOf(type: QuantType, blocks: Uint8Array): Float32Array {
  const out = new Float32Array((blocks.byteLength / BLOCKS[type].bytes) * BLOCKS[type].values);
  dequantize(type, blocks, out);
  return out;
}

describe('alignBlocks', () => {
  it.each(PAIRED)('brings the scales of two blocks of %s into one word, and the rest after it', (type) => {
    const [scale = 0] = SCALES[type];
    const [first, second] = [numbered(type, 1), numbered(type, 100)];
    const scaleOf = (block: number[]): number[] => block.splice(scale, 2);
    const expected = [...scaleOf(first), ...scaleOf(second), ...first, ...second];
    const blocks = Uint8Array.from([...numbered(type, 1), ...numbered(type, 100)]);
    expect([...alignBlocks(type, blocks)]).toEqual(expected);
  });

  it.each(PAIRED)('fills half a pair of %s with zeros', (type) => {
    const block = Uint8Array.from(numbered(type, 1));
    const whole = alignBlocks(type, Uint8Array.from([...block, ...new Uint8Array(block.length)]));
    expect(alignBlocks(type, block)).toEqual(whole);
  });

  it.each(TYPES)('makes as many bytes of %s as the GPU has for it, and the same of parts', (type) => {
    const { values, bytes } = BLOCKS[type];
    const blocks = randomBlocks(type, 7, 1);
    const whole = alignBlocks(type, blocks);
    expect(whole.byteLength).toBe(byteLength([7, values], type.toLowerCase() as QuantizedDtype));
    const parts = [blocks.slice(0, 4 * bytes), blocks.slice(4 * bytes)].map((part) =>
      alignBlocks(type, part),
    );
    expect(Buffer.concat(parts).equals(whole)).toBe(true);
  });

  it.each(TYPES.filter((type) => !PAIRED.includes(type)))('leaves %s as it is', (type) => {
    const blocks = randomBlocks(type, 3, 2);
    expect(alignBlocks(type, blocks)).toBe(blocks);
  });
});

describe('assertFiniteBlocks', () => {
  it.each(TYPES)('takes all bits of %s but scales that are no numbers', (type) => {
    const { bytes } = BLOCKS[type];
    const blocks = randomBlocks(type, 50, 3, true);
    expect(valuesOf(type, blocks).every(Number.isFinite)).toBe(true);
    assertFiniteBlocks('w', type, blocks);
    for (const scale of SCALES[type]) {
      for (const bits of [0x7c00, 0xfc00, 0x7c01, 0xffff]) {
        const damaged = Uint8Array.from(blocks);
        damaged.set([bits & 255, bits >>> 8], 31 * bytes + scale);
        expect(valuesOf(type, damaged).every(Number.isFinite)).toBe(false);
        expect(() => {
          assertFiniteBlocks('w', type, damaged);
        }).toThrow('Tensor "w" holds a block whose scale');
      }
    }
  });
});
