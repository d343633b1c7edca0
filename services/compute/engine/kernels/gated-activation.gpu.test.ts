import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Activation } from './activation.ts';
import * as gated from './gated-activation.ts';
import { Bench, expectClose, expectMismatch, FORWARD, GRADIENT, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

interface Case {
  readonly kind: Activation;
  readonly gate: Float32Array;
  readonly up: Float32Array;
  readonly dy: Float32Array;
}

async function run({ kind, gate, up, dy }: Case, shape: readonly number[]) {
  const given = { kind, gate: bench.floats(gate, shape), up: bench.floats(up, shape) };
  const act = bench.empty(shape);
  gated.forward(bench.recorder, { ...given, act });
  const dgate = bench.empty(shape);
  const dactToDup = bench.floats(dy, shape);
  gated.backward(bench.recorder, { ...given, dactToDup, dgate });
  return {
    act: await bench.read(act),
    dgate: await bench.read(dgate),
    dup: await bench.read(dactToDup),
  };
}

describe.each(['silu', 'gelu', 'gelu-tanh'] as const)('the gated activation kernels, with %s,', (kind) => {
  it.each([
    [1, 4],
    [3, 12],
    [7, 172],
  ])('agree with the oracle at %i x %i', async (rows, width) => {
    const normal = normalFloats(width);
    const size = rows * width;
    const given = { kind, gate: normal(size, 4), up: normal(size), dy: normal(size) };
    const { act, dgate, dup } = await run(given, [rows, width]);
    expectClose(`${kind} gated.forward`, act, gated.oracle.gatedForward(given), FORWARD);
    const expected = gated.oracle.gatedBackward(given);
    expectClose(`${kind} gated.backward dgate`, dgate, expected.dGate, GRADIENT);
    expectClose(`${kind} gated.backward dup`, dup, expected.dUp, GRADIENT);
  });

  it('let a NaN of any operand through', async () => {
    const one = new Float32Array(4).fill(1);
    const bad = Float32Array.of(1, NaN, 1, 1);
    const only1 = [false, true, false, false];
    const isNaNs = (values: Float32Array) => [...values].map(Number.isNaN);
    const gate = await run({ kind, gate: bad, up: one, dy: one }, [4]);
    for (const values of Object.values(gate)) expect(isNaNs(values)).toEqual(only1);
    const up = await run({ kind, gate: one, up: bad, dy: one }, [4]);
    expect([isNaNs(up.act), isNaNs(up.dgate)]).toEqual([only1, only1]);
    const dy = await run({ kind, gate: one, up: one, dy: bad }, [4]);
    expect([isNaNs(dy.dup), isNaNs(dy.dgate)]).toEqual([only1, only1]);
  });
});

describe('the gated activation kernels', () => {
  it('stay finite and exact for gates where exp overflows or vanishes', async () => {
    const gate = Float32Array.of(-100, 100, -88.9, 88.9, -1000, 1000, 0, -0, -87.5, 87.5, -20, 20);
    const one = new Float32Array(12).fill(1);
    const given = { kind: 'silu', gate, up: one, dy: one } as const;
    const { act, dgate, dup } = await run(given, [1, 12]);
    const expected = gated.oracle.gatedBackward(given);
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

  it('name the operand whose shape is wrong', () => {
    const wrong = bench.empty([1, 2, 3]);
    const good = bench.empty([2, 4]);
    const kind = 'gelu';
    for (const operand of ['gate', 'up', 'act']) {
      expectMismatch(operand, () => {
        gated.forward(bench.recorder, { kind, gate: good, up: good, act: good, [operand]: wrong });
      });
    }
    const backward = { kind, gate: good, up: good, dactToDup: good, dgate: good } as const;
    for (const operand of ['gate', 'up', 'dactToDup', 'dgate']) {
      expectMismatch(operand, () => {
        gated.backward(bench.recorder, { ...backward, [operand]: wrong });
      });
    }
    expectMismatch('gate', () => {
      gated.backward(bench.recorder, { ...backward, gate: bench.empty([2, 4], 'f16') });
    });
  });
});
