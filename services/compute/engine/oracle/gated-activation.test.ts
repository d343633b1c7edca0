import { describe, expect, it } from 'vitest';
import { activation } from './activation.ts';
import { gatedBackward, gatedForward } from './gated-activation.ts';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';

const kinds = ['silu', 'gelu', 'gelu-tanh'] as const;

describe('the gated activation oracle', () => {
  it('is f(gate) times up', () => {
    const y = gatedForward({ kind: 'silu', gate: [0, Math.log(3)], up: [5, 2] });
    expect(y[0]).toBe(0);
    expect(y[1]).toBeCloseTo(1.5 * Math.log(3), 12);
    expect(gatedForward({ kind: 'gelu', gate: [0.7], up: [3] })[0]).toBe(3 * activation('gelu', 0.7));
  });

  it.each(kinds)('has the gradients that finite differences find, with %s', (kind) => {
    const normal = normalArrays(9);
    const [gate, up, dy] = [normal(17), normal(17), normal(17)];
    const { dGate, dUp } = gatedBackward({ kind, gate, up, dy });
    expectGradient(dGate, gate, (moved) => innerProduct(gatedForward({ kind, gate: moved, up }), dy));
    expectGradient(dUp, up, (moved) => innerProduct(gatedForward({ kind, gate, up: moved }), dy));
  });

  it.each(kinds)('stays finite for gates far from zero, with %s', (kind) => {
    const { dGate, dUp } = gatedBackward({ kind, gate: [-800, 800], up: [1, 1], dy: [1, 1] });
    expect([...dGate].map(Math.abs)).toEqual([0, 1]);
    expect([...dUp].map(Math.abs)).toEqual([0, 800]);
  });
});
