import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as residual from './residual.ts';
import { Bench, expectMismatch, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

async function add(a: Float32Array, b: Float32Array, shape: readonly number[]): Promise<Float32Array> {
  const out = bench.empty(shape);
  residual.forward(bench.recorder, { a: bench.floats(a, shape), b: bench.floats(b, shape), out });
  return bench.read(out);
}

describe('the residual kernel', () => {
  it.each([
    [1, 4],
    [3, 20],
    [5, 132],
  ])('adds exactly as float32 does, %i x %i', async (rows, width) => {
    const normal = normalFloats(width);
    const [a, b] = [normal(rows * width), normal(rows * width)];
    const expected = Float32Array.from(residual.oracle.residualForward({ x: a, branch: b }));
    expect(await add(a, b, [rows, width])).toEqual(expected);
  });

  it('lets a NaN of either operand through', async () => {
    const sum = await add(Float32Array.of(NaN, 1, 1, 1), Float32Array.of(1, 1, NaN, 1), [4]);
    expect([...sum]).toEqual([NaN, 2, NaN, 2]);
  });

  it('names the operand whose shape is wrong', () => {
    const good = bench.empty([2, 4]);
    for (const operand of ['a', 'b', 'out']) {
      expectMismatch(operand, () => {
        residual.forward(bench.recorder, { a: good, b: good, out: good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('a', () => {
      residual.forward(bench.recorder, { a: bench.empty([2, 4], 'bf16'), b: good, out: good });
    });
  });
});
