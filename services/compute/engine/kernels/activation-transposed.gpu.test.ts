import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as activation from './activation.ts';
import * as activationTransposed from './activation-transposed.ts';
import * as gated from './gated-activation.ts';
import { transposedShape } from './row-teams.ts';
import { Bench, expectClose, expectMismatch, FORWARD, normalFloats, transposed } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

describe.each(['silu', 'gelu', 'gelu-tanh'] as const)('the transposed activation, %s,', (kind) => {
  it.each([
    [1, 4],
    [3, 12],
    [32, 128],
    [7, 172],
    [70, 36],
  ])('agrees with the oracle at %i x %i, with and without a gate', async (rows, width) => {
    const normal = normalFloats(width);
    const given = { kind, gate: normal(rows * width, 4), up: normal(rows * width, 2) };
    const up = bench.floats(given.up, [rows, width]);
    const gate = bench.floats(given.gate, [rows, width]);
    const actT = bench.empty(transposedShape(rows, width));
    activationTransposed.forward(bench.recorder, { kind, gate, up, actT });
    const withGate = Float32Array.from(gated.oracle.gatedForward(given));
    expectClose(
      `${kind} gated, transposed`,
      await bench.read(actT),
      transposed(withGate, rows, width),
      FORWARD,
    );
    activationTransposed.forward(bench.recorder, { kind, up, actT });
    const without = Float32Array.from(activation.oracle.activationForward({ kind, x: given.up }));
    expectClose(`${kind}, transposed`, await bench.read(actT), transposed(without, rows, width), FORWARD);
  });
});

describe('the transposed activation', () => {
  it('keeps a NaN to its place, and what lies beyond the last row out', async () => {
    const [rows, width] = [5, 8];
    const values = normalFloats(1)(rows * width);
    values[4 * width + 3] = NaN;
    const up = bench.floats(values, [rows, width]);
    const actT = bench.empty(transposedShape(rows, width));
    activationTransposed.forward(bench.recorder, { kind: 'silu', up, actT });
    const isNaNs = [...(await bench.read(actT))].map(Number.isNaN);
    expect(isNaNs).toEqual(isNaNs.map((_, i) => i === 3 * 8 + 4));
  });

  it('names the operand whose shape is wrong', () => {
    const up = bench.empty([6, 8]);
    const good = { kind: 'silu', up, gate: up, actT: bench.empty([8, 8]) } as const;
    for (const operand of ['up', 'gate', 'actT']) {
      expectMismatch(operand, () => {
        activationTransposed.forward(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('the width of up', () => {
      activationTransposed.forward(bench.recorder, { ...good, up: bench.empty([6, 6]), gate: undefined });
    });
  });
});
