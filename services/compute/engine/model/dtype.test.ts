import { describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../lib/errors.ts';
import { Random } from '../../../../lib/random.ts';
import { assertFinite, decodeFloats, encodeFloats, type DType } from './dtype.ts';

/** The slow way, by definition: the value of a half from its fields. */
function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function bfloatValue(word: number): number {
  return new Float32Array(new Uint32Array([word << 16]).buffer)[0];
}

/** Nearest, ties to even, among neighbours of a positive number, by definition. */
function nearest(value: number, valueOf: (bits: number) => number, infinity: number): number {
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (valueOf(middle) <= value) low = middle;
    else high = middle;
  }
  // The step above the largest finite number stands in for infinity when rounding.
  const above = high === infinity ? 2 * valueOf(infinity - 1) - valueOf(infinity - 2) : valueOf(high);
  const down = value - valueOf(low);
  const up = above - value;
  return down < up || (down === up && (low & 1) === 0) ? low : high;
}

function words(dtype: DType, values: number[]): number[] {
  return [...new Uint16Array(encodeFloats(dtype, Float32Array.from(values)).buffer)];
}

describe('float formats', () => {
  it('widen every half and every bfloat16 exactly, and narrow them back to the same bits', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    for (const [dtype, valueOf] of [
      ['F16', halfValue],
      ['BF16', bfloatValue],
    ] as const) {
      const wide = decodeFloats(dtype, new Uint8Array(all.buffer));
      const back = new Uint16Array(encodeFloats(dtype, wide).buffer);
      let wrong = 0;
      for (let i = 0; i < 65536; i++) {
        const expected = valueOf(i);
        if (!Object.is(wide[i], expected)) wrong++;
        if (Number.isNaN(expected) ? !Number.isNaN(valueOf(back[i])) : back[i] !== i) wrong++;
      }
      expect(wrong).toBe(0);
    }
  });

  it('round to nearest, ties to even, over the whole range', () => {
    const random = new Random(1);
    const values: number[] = [];
    for (let i = 0; i < 5_000; i++)
      values.push(Math.fround((1 + random.next()) * 2 ** (random.int(60) - 35)));
    for (let i = 0; i < 2_000; i++) {
      const half = random.int(0x7bff);
      values.push((halfValue(half) + halfValue(half + 1)) / 2);
    }
    values.push(65504, 65519.996, 65520, 65536, 2 ** -24, 2 ** -25, 2 ** -25 * (1 + 2 ** -20), 2 ** -26, 0);
    const f32 = [...Float32Array.from(values)];
    expect(words('F16', f32)).toEqual(f32.map((value) => nearest(value, halfValue, 0x7c00)));
    expect(words('BF16', f32)).toEqual(f32.map((value) => nearest(value, bfloatValue, 0x7f80)));
    expect(words('F16', [-1.5, -0, -1e9])).toEqual([0xbe00, 0x8000, 0xfc00]);
    expect(words('BF16', [-1.5, -0, 3.4e38])).toEqual([0xbfc0, 0x8000, 0x7f80]);
  });

  it('read bytes at any alignment, and copy them', () => {
    const values = Float32Array.from([1, -2.5, 0.125]);
    for (const dtype of ['F32', 'F16', 'BF16'] as const) {
      const bytes = encodeFloats(dtype, values);
      const shifted = new Uint8Array(bytes.byteLength + 1);
      shifted.set(bytes, 1);
      expect([...decodeFloats(dtype, shifted.subarray(1))]).toEqual([...values]);
      expect(decodeFloats(dtype, bytes).buffer).not.toBe(bytes.buffer);
    }
  });

  it('name the tensor that holds a NaN or an infinity, wherever in it that is', () => {
    for (const dtype of ['F32', 'F16', 'BF16'] as const) {
      for (const count of [1, 2, 3, 7]) {
        const values = new Float32Array(count).fill(dtype === 'F16' ? 65504 : 3.3e38);
        const bytes = encodeFloats(dtype, values);
        expect(() => {
          assertFinite('w', dtype, bytes);
        }).not.toThrow();
        for (let bad = 0; bad < count; bad++) {
          for (const poison of [NaN, Infinity, -Infinity]) {
            const poisoned = values.slice();
            poisoned[bad] = poison;
            const shifted = new Uint8Array(bytes.byteLength + 1);
            shifted.set(encodeFloats(dtype, poisoned), 1);
            expect(() => {
              assertFinite('layer.w', dtype, shifted.subarray(1));
            }).toThrow(
              expect.objectContaining({
                code: 'WEIGHTS_NOT_FINITE',
                message: expect.stringContaining('layer.w') as string,
              }) as ReptraceError,
            );
          }
        }
      }
    }
  });
});
