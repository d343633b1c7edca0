import { describe, expect, it } from 'vitest';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';
import { swigluBackward, swigluForward } from './swiglu.ts';

describe('the SwiGLU oracle', () => {
  it('is silu(gate) times up', () => {
    const y = swigluForward({ gate: [0, Math.log(3)], up: [5, 2] });
    expect(y[0]).toBe(0);
    expect(y[1]).toBeCloseTo(1.5 * Math.log(3), 12);
  });

  it.each([1, 17])('has the gradients that finite differences find, at %i elements', (length) => {
    const normal = normalArrays(9);
    const [gate, up, dy] = [normal(length), normal(length), normal(length)];
    const { dGate, dUp } = swigluBackward({ gate, up, dy });
    expectGradient(dGate, gate, (moved) => innerProduct(swigluForward({ gate: moved, up }), dy));
    expectGradient(dUp, up, (moved) => innerProduct(swigluForward({ gate, up: moved }), dy));
  });

  it('stays finite for gates far from zero', () => {
    const { dGate, dUp } = swigluBackward({ gate: [-800, 800], up: [1, 1], dy: [1, 1] });
    expect([...dGate].map(Math.abs)).toEqual([0, 1]);
    expect(dUp[1]).toBe(800);
    expect(Math.abs(dUp[0])).toBe(0);
  });
});
