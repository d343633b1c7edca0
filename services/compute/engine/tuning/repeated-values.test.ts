import { describe, expect, it } from 'vitest';
import type { WeightDtype } from '../device/tensor.ts';
import { RepeatedValues } from './repeated-values.ts';

const DTYPES: WeightDtype[] = [
  ...(['f32', 'f16', 'bf16', 'q4_0', 'q4_1', 'q5_0', 'q5_1', 'q8_0', 'q4_k', 'q5_k', 'q6_k'] as const),
];

describe.each(DTYPES)('made-up weights in %s', (dtype) => {
  const values = RepeatedValues.of(dtype);

  it('are finite, of both signs, and not all alike', () => {
    const some = Array.from({ length: 5000 }, (_, i) => values.valueAt(i * 13));
    expect(some.every(Number.isFinite)).toBe(true);
    expect(some.some((value) => value > 0) && some.some((value) => value < 0)).toBe(true);
    expect(new Set(some).size).toBeGreaterThan(15);
  });

  it('begin no two rows alike', () => {
    const rows = Array.from({ length: 64 }, (_, row) =>
      Array.from({ length: 64 }, (_, i) => values.valueAt(row * 4096 + i)).join(),
    );
    expect(new Set(rows).size).toBe(64);
  });

  it('go on over all of a buffer, in whole words', () => {
    const written: [number, number][] = [];
    const queue = {
      writeBuffer: (_: GPUBuffer, at: number, __: Uint8Array, ___: number, bytes: number) => {
        written.push([at, bytes]);
      },
    };
    values.fill({ queue } as unknown as GPUDevice, {} as GPUBuffer, 2_000_016);
    const ends = written.map(([at, bytes]) => at + bytes);
    expect(written.map(([at]) => at)).toEqual([0, ...ends.slice(0, -1)]);
    expect(ends.at(-1)).toBe(2_000_016);
    expect(written.flat().every((n) => n % 4 === 0)).toBe(true);
  });
});
