import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FloatDtype } from '../device/tensor.ts';
import { linearForward } from '../oracle/linear.ts';
import { matmulOuter, transpose } from './matmul-outer.ts';
import { asStored, Bench, expectClose, FORWARD, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const DTYPES: readonly FloatDtype[] = ['f32', 'f16', 'bf16'];

/** [columns, rows rounded up to 4], padded with zeros. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const stride = Math.ceil(rows / 4) * 4;
  const out = new Float32Array(columns * stride);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * stride + r] = values[r * columns + c];
  }
  return out;
}

describe('the transpose kernel', () => {
  it.each(DTYPES)('moves %s rows to columns, and pads with zeros', async (dtype) => {
    for (const [rows, columns] of [
      [1, 4],
      [4, 8],
      [33, 36],
      [70, 40],
    ] as const) {
      const values = asStored(dtype, normalFloats(rows)(rows * columns));
      const source = bench.matrix(values, rows, columns, dtype, 2);
      const scratch = bench.scratch();
      const out = transpose(bench.recorder, scratch, source);
      expect(out.shape).toEqual([columns, Math.ceil(rows / 4) * 4]);
      const [read] = await bench.recorder.readFloats([out]);
      expect(read).toEqual(transposed(values, rows, columns));
      scratch.give(out);
    }
  });

  it('takes any number of columns out of wider rows', async () => {
    const values = normalFloats(3)(5 * 20);
    const { buffer } = bench.floats(values, [5, 20]);
    const scratch = bench.scratch();
    const source = { buffer, rows: 5, columns: 7, rowOffset: 0, dtype: 'f32' } as const;
    const out = transpose(bench.recorder, scratch, source, { stride: 20, firstColumn: 8 });
    const [read] = await bench.recorder.readFloats([out]);
    const taken = Float32Array.from({ length: 35 }, (_, i) => values[Math.floor(i / 7) * 20 + 8 + (i % 7)]);
    expect(read).toEqual(transposed(taken, 5, 7));
    scratch.give(out);
  });
});

describe('the outer product kernel', () => {
  it.each([
    { rows: 1, inner: 1, columns: 4 },
    { rows: 8, inner: 3, columns: 8 },
    { rows: 17, inner: 40, columns: 76 },
  ])('multiplies $rows x $inner by $inner x $columns', async ({ rows, inner, columns }) => {
    const normal = normalFloats(inner);
    const [a, b] = [normal(rows * inner), normal(inner * columns)];
    const stride = Math.ceil(rows / 4) * 4;
    const expected = linearForward({
      ...{ x: a, rows, inner, outer: columns },
      weight: Float64Array.from({ length: columns * inner }, (_, i) => {
        return b[(i % inner) * columns + Math.floor(i / inner)];
      }),
    });
    const before = normal((rows + 1) * columns);
    const out = bench.floats(before, [rows + 1, columns]);
    matmulOuter(bench.recorder, {
      ...{ rows, columns, out, outOffset: columns, accumulate: true },
      a: bench.floats(transposed(a, rows, inner), [inner, stride]),
      b: bench.floats(b, [inner, columns]),
    });
    const read = await bench.read(out);
    expect(read.subarray(0, columns)).toEqual(before.subarray(0, columns));
    const sum = expected.map((value, i) => value + before[columns + i]);
    expectClose('matmulOuter', read.subarray(columns), sum, FORWARD);
  });
});
