import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as dropout from './dropout.ts';
import { Bench, expectClose, expectMismatch, FORWARD, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const MASK = { rate: 0.3, seed: 123456789, stream: 7 };

describe('the dropout kernel', () => {
  it.each([
    [1, 4],
    [5, 20],
    [130, 260],
  ])('drops what the oracle drops, %i x %i', async (rows, width) => {
    const x = normalFloats(width)(rows * width);
    const shape = [rows, width];
    const out = bench.empty(shape);
    dropout.forward(bench.recorder, bench.floats(x, shape), out, MASK);
    const values = await bench.read(out);
    const expected = dropout.oracle.dropoutForward(x, MASK);
    expect(values.map((value) => Number(value === 0))).toEqual(
      Float32Array.from(expected, (value) => Number(value === 0)),
    );
    expectClose('dropout', values, expected, FORWARD);
  });

  it('adds the gradient through the same mask', async () => {
    const normal = normalFloats(2);
    const [dy, before] = [normal(80), normal(80)];
    const dx = bench.floats(before, [4, 20]);
    dropout.backward(bench.recorder, bench.floats(dy, [4, 20]), dx, MASK);
    const expected = dropout.oracle.dropoutForward(dy, MASK).map((value, i) => value + before[i]);
    expectClose('dropout backward', await bench.read(dx), expected, FORWARD);
  });

  it('scales exactly as float32 does', async () => {
    const x = normalFloats(3)(40);
    const out = bench.empty([40]);
    dropout.scale(bench.recorder, bench.floats(x), out, 1.25);
    expect(await bench.read(out)).toEqual(x.map((value) => value * 1.25));
  });

  it('has a seed of its own for every step, pass and seed of a run, beyond 32 bits too', () => {
    const seeds = new Set<number>();
    for (const seed of [0, 1, 2 ** 32 + 1, 2 ** 52]) {
      for (let step = 0; step < 20; step++) {
        for (let pass = 0; pass < 10; pass++) seeds.add(dropout.passSeed(seed, step, pass));
      }
    }
    expect(seeds.size).toBe(800);
  });

  it('names the operand whose shape is wrong', () => {
    expectMismatch('out', () => {
      dropout.forward(bench.recorder, bench.empty([2, 4]), bench.empty([4, 2]), MASK);
    });
    expectMismatch('x', () => {
      dropout.forward(bench.recorder, bench.empty([3]), bench.empty([3]), MASK);
    });
  });
});
