/** Every kernel that reads weights, with blocks as they are stored, held to their values by dequantize.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Matrix, QuantizedDtype } from '../device/tensor.ts';
import { dequantize } from '../model/gguf/dequantize.ts';
import { BLOCKS, type QuantType } from '../model/gguf/gguf-types.ts';
import { alignBlocks } from '../model/gguf/quantized-blocks.ts';
import { randomBlocks } from '../model/gguf/testing.ts';
import * as embedding from './embedding.ts';
import * as linear from './linear.ts';
import { transpose, widen } from './matmul-outer.ts';
import { Bench, expectClose, FORWARD, GRADIENT, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const TYPES: readonly QuantType[] = ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K'];

/** Rows of blocks below `rowOffset` rows of NaN, and their values. Rows of three blocks: pairs lie across rows. */
function quantized(
  type: QuantType,
  rows: number,
  rowOffset: number,
  hard = false,
): { w: Matrix; values: Float32Array<ArrayBuffer> } {
  const block = BLOCKS[type];
  const columns = block.values * 3;
  const blocks = randomBlocks(type, rows * 3, rows, hard);
  const values = new Float32Array(rows * columns);
  dequantize(type, blocks, values);
  const all = new Uint8Array((rowOffset + rows) * 3 * block.bytes).fill(255);
  all.set(blocks, rowOffset * 3 * block.bytes);
  const { buffer } = bench.words(new Uint32Array(alignBlocks(type, all).buffer));
  const dtype = type.toLowerCase() as QuantizedDtype;
  return { w: { buffer, rows, columns, rowOffset, dtype }, values };
}

/** By bits, but for a zero's sign, which WGSL leaves open. */
function expectSame(actual: Float32Array, expected: Float32Array): void {
  const differing = [...expected.keys()].filter((i) => actual[i] !== expected[i]);
  expect(differing.slice(0, 5).map((i) => [i, actual[i], expected[i]])).toEqual([]);
  expect(actual.length).toBe(expected.length);
}

describe.each(TYPES)('weights stored as %s', (type) => {
  it.each([false, true])('are looked up to the last bit, with hard scales %s', async (hard) => {
    const { w, values } = quantized(type, 37, 3, hard);
    const ids = Array.from({ length: 37 }, (_, id) => (id * 5) % 37);
    const out = bench.empty([37, w.columns]);
    // In two parts, of which one begins within a pair.
    const table = [
      { ...w, rows: 17 },
      { ...w, rows: 20, rowOffset: 20 },
    ];
    embedding.forward(bench.recorder, { ids: bench.words(ids), table, out });
    const rows = ids.map((id) => values.subarray(id * w.columns, (id + 1) * w.columns));
    expectSame(await bench.read(out), Float32Array.from(rows.flatMap((row) => [...row])));
  });

  it.each([false, true])('are transposed to the last bit, with hard scales %s', async (hard) => {
    const { w, values } = quantized(type, 8, 1, hard);
    const scratch = bench.scratch();
    const out = transpose(bench.recorder, scratch, w);
    const [read = new Float32Array()] = await bench.recorder.readFloats([out]);
    const expected = Float32Array.from(values, (_, i) => values[(i % 8) * w.columns + Math.floor(i / 8)]);
    expectSame(read, expected);
    scratch.give(out);
  });

  it.each([false, true])('are widened to the last bit, with hard scales %s', async (hard) => {
    const { w, values } = quantized(type, 9, 3, hard);
    const scratch = bench.scratch();
    const out = widen(bench.recorder, scratch, w);
    const [read = new Float32Array()] = await bench.recorder.readFloats([out]);
    expect(out.shape).toEqual([9, w.columns]);
    expectSame(read, values);
    scratch.give(out);
  });

  it.each([
    { rows: 1, scratch: false },
    { rows: 33, scratch: true },
    // Enough rows for weights to be widened first.
    { rows: 256, scratch: true },
  ])('are multiplied with, $rows rows, scratch $scratch', async ({ rows, scratch }) => {
    const { w, values: weight } = quantized(type, 12, 3);
    const [inner, outer] = [w.columns, w.rows];
    const normal = normalFloats(5);
    const [x, dy] = [normal(rows * inner), normal(rows * outer)];
    const memory = scratch ? { scratch: bench.scratch() } : {};
    const y = bench.empty([rows, outer]);
    linear.forward(bench.recorder, { x: bench.floats(x, [rows, inner]), w, y, ...memory });
    const forward = linear.oracle.linearForward({ x, weight, rows, inner, outer });
    expectClose(`linear.forward ${type}`, await bench.read(y), forward, FORWARD);
    const before = normal(rows * inner);
    for (const accumulate of [false, true]) {
      const dx = bench.floats(before, [rows, inner]);
      linear.inputGrad(bench.recorder, { dy: bench.floats(dy, [rows, outer]), w, dx, accumulate, ...memory });
      const backward = linear.oracle.linearInputBackward({ dy, weight, rows, inner, outer });
      const expected = backward.map((value, i) => value + (accumulate ? before[i] : 0));
      expectClose(`linear.inputGrad ${type}`, await bench.read(dx), expected, GRADIENT);
    }
  });
});
