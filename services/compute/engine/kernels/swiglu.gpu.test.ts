import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as swiglu from './swiglu.ts';
import { Bench, expectClose, expectMismatch, FORWARD, GRADIENT, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

interface Case {
  readonly gate: Float32Array;
  readonly up: Float32Array;
  readonly dy: Float32Array;
}

async function run({ gate, up, dy }: Case, shape: readonly number[]) {
  const given = { gate: bench.floats(gate, shape), up: bench.floats(up, shape) };
  const act = bench.empty(shape);
  swiglu.forward(bench.recorder, { ...given, act });
  const dgate = bench.empty(shape);
  const dactToDup = bench.floats(dy, shape);
  swiglu.backward(bench.recorder, { ...given, dactToDup, dgate });
  return {
    act: await bench.read(act),
    dgate: await bench.read(dgate),
    dup: await bench.read(dactToDup),
  };
}

describe('the SwiGLU kernels', () => {
  it.each([
    [1, 4],
    [3, 12],
    [7, 172],
  ])('agree with the oracle at %i x %i', async (rows, width) => {
    const normal = normalFloats(width);
    const size = rows * width;
    const given = { gate: normal(size, 4), up: normal(size), dy: normal(size) };
    const { act, dgate, dup } = await run(given, [rows, width]);
    expectClose('swiglu.forward', act, swiglu.oracle.swigluForward(given), FORWARD);
    const expected = swiglu.oracle.swigluBackward(given);
    expectClose('swiglu.backward dgate', dgate, expected.dGate, GRADIENT);
    expectClose('swiglu.backward dup', dup, expected.dUp, GRADIENT);
  });

  it('stay finite and exact for gates where exp overflows or vanishes', async () => {
    const gate = Float32Array.of(-100, 100, -88.9, 88.9, -1000, 1000, 0, -0, -87.5, 87.5, -20, 20);
    const one = new Float32Array(12).fill(1);
    const { act, dgate, dup } = await run({ gate, up: one, dy: one }, [1, 12]);
    const expected = swiglu.oracle.swigluBackward({ gate, up: one, dy: one });
    for (const [i, z] of gate.entries()) {
      const silu = z / (1 + Math.exp(-z));
      for (const [value, oracle] of [
        [act[i], silu],
        [dup[i], silu],
        [dgate[i], expected.dGate[i]],
      ]) {
        // Of the value itself, unless it is as good as nothing.
        expect(Math.abs(value - oracle)).toBeLessThanOrEqual(1e-6 * Math.abs(oracle) + 1e-30);
      }
    }
  });

  it('let a NaN of any operand through', async () => {
    const one = new Float32Array(4).fill(1);
    const bad = Float32Array.of(1, NaN, 1, 1);
    const only1 = [false, true, false, false];
    const isNaNs = (values: Float32Array) => [...values].map(Number.isNaN);
    const gate = await run({ gate: bad, up: one, dy: one }, [4]);
    for (const values of Object.values(gate)) expect(isNaNs(values)).toEqual(only1);
    const up = await run({ gate: one, up: bad, dy: one }, [4]);
    expect([isNaNs(up.act), isNaNs(up.dgate)]).toEqual([only1, only1]);
    const dy = await run({ gate: one, up: one, dy: bad }, [4]);
    expect([isNaNs(dy.dup), isNaNs(dy.dgate)]).toEqual([only1, only1]);
  });

  it('name the operand whose shape is wrong', () => {
    const wrong = bench.empty([1, 2, 3]);
    const good = bench.empty([2, 4]);
    for (const operand of ['gate', 'up', 'act']) {
      expectMismatch(operand, () => {
        swiglu.forward(bench.recorder, { gate: good, up: good, act: good, [operand]: wrong });
      });
    }
    const backward = { gate: good, up: good, dactToDup: good, dgate: good };
    for (const operand of Object.keys(backward)) {
      expectMismatch(operand, () => {
        swiglu.backward(bench.recorder, { ...backward, [operand]: wrong });
      });
    }
    expectMismatch('gate', () => {
      swiglu.backward(bench.recorder, { ...backward, gate: bench.empty([2, 4], 'f16') });
    });
  });
});
