import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as rows from './rows.ts';
import { Bench, expectMismatch, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const width = 12;
const rowOf = (values: Float32Array, n: number) => [...values.subarray(n * width, (n + 1) * width)];
const rowsOf = (values: Float32Array, list: readonly number[]) => list.flatMap((n) => rowOf(values, n));

describe('gathering rows', () => {
  it('copies the rows asked for, repeated or not, and zeros for NO_ROW', async () => {
    const values = normalFloats(1)(9 * width);
    const out = bench.empty([5, width]);
    const indices = bench.words([8, rows.NO_ROW, 0, 8, 3]);
    rows.gather(bench.recorder, { source: bench.floats(values, [9, width]), indices, out });
    const read = await bench.read(out);
    expect(rowsOf(read, [0, 2, 3, 4])).toEqual(rowsOf(values, [8, 0, 8, 3]));
    expect(rowOf(read, 1)).toEqual(new Array(width).fill(0));
  });

  it('writes from outRow on, and no other row', async () => {
    const values = normalFloats(2)(2 * width);
    const out = bench.floats(new Float32Array(5 * width).fill(7), [5, width]);
    const source = bench.floats(values, [2, width]);
    rows.gather(bench.recorder, { source, indices: bench.words([1, 0]), out, outRow: 2 });
    const read = await bench.read(out);
    expect(rowsOf(read, [2, 3])).toEqual(rowsOf(values, [1, 0]));
    expect(new Set(rowsOf(read, [0, 1, 4]))).toEqual(new Set([7]));
  });

  it('scatters onto zeros, given the inverse of a selection', async () => {
    const values = normalFloats(3)(2 * width);
    const out = bench.empty([4, width]);
    const indices = bench.words([rows.NO_ROW, 1, rows.NO_ROW, 0]);
    rows.gather(bench.recorder, { source: bench.floats(values, [2, width]), indices, out });
    const read = await bench.read(out);
    expect(rowsOf(read, [1, 3])).toEqual(rowsOf(values, [1, 0]));
    expect(new Set(rowsOf(read, [0, 2]))).toEqual(new Set([0]));
  });

  it('names the operand whose shape is wrong', () => {
    const good = { source: bench.empty([4, 8]), indices: bench.words([0, 1]), out: bench.empty([2, 8]) };
    for (const operand of ['source', 'indices', 'out']) {
      expectMismatch(operand, () => {
        rows.gather(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('out', () => {
      rows.gather(bench.recorder, { ...good, outRow: 1 });
    });
    expectMismatch('source', () => {
      rows.gather(bench.recorder, { ...good, source: bench.empty([4, 8], 'f16') });
    });
  });
});

describe('scattering rows', () => {
  it('puts each row in its place, and leaves the others', async () => {
    const values = normalFloats(4)(3 * width);
    const out = bench.floats(new Float32Array(7 * width).fill(7), [7, width]);
    const source = bench.floats(values, [3, width]);
    rows.scatter(bench.recorder, { source, indices: bench.words([6, 0, 2]), out });
    const read = await bench.read(out);
    expect(rowsOf(read, [6, 0, 2])).toEqual([...values]);
    expect(new Set(rowsOf(read, [1, 3, 4, 5]))).toEqual(new Set([7]));
  });

  it('keeps NaN', async () => {
    const out = bench.floats(new Float32Array(8), [2, 4]);
    rows.scatter(bench.recorder, {
      ...{ source: bench.floats([1, NaN, 2, 3], [1, 4]), indices: bench.words([1]), out },
    });
    expect([...(await bench.read(out))]).toEqual([0, 0, 0, 0, 1, NaN, 2, 3]);
  });

  it('names the operand whose shape is wrong', () => {
    const good = { source: bench.empty([2, 8]), indices: bench.words([0, 1]), out: bench.empty([4, 8]) };
    for (const operand of ['source', 'indices', 'out']) {
      expectMismatch(operand, () => {
        rows.scatter(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
  });
});
