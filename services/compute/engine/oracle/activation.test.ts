import { describe, expect, it } from 'vitest';
import { activation, activationBackward, activationForward, activationSlope } from './activation.ts';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';

const kinds = ['silu', 'gelu', 'gelu-tanh'] as const;

describe('the activation oracle', () => {
  it.each([
    // PyTorch in float64, value and gradient: silu, gelu, gelu with approximate='tanh'.
    ['silu', -3, -0.14227761953270035, -0.08810410601516962],
    ['silu', 1.5, 1.2263617142904655, 1.041294154299143],
    ['gelu', -3, -0.00404969409489031, -0.01194564720418392],
    ['gelu', 1.5, 1.399789198096713, 1.1274691922299795],
    ['gelu-tanh', -3, -0.0036373920817729943, -0.011584166630969648],
    ['gelu-tanh', 1.5, 1.3995715769802328, 1.127710793151433],
  ] as const)('%s of %f is what PyTorch gives', (kind, x, value, slope) => {
    expect(Math.abs(activation(kind, x) / value - 1)).toBeLessThan(1e-12);
    expect(Math.abs(activationSlope(kind, x) / slope - 1)).toBeLessThan(1e-12);
  });

  it.each(kinds)('%s has the gradient that finite differences find', (kind) => {
    const normal = normalArrays(9);
    const x = normal(17).map((value) => value * 2);
    const dy = normal(17);
    const dx = activationBackward({ kind, x, dy });
    expectGradient(dx, x, (moved) => innerProduct(activationForward({ kind, x: moved }), dy));
  });

  it.each(kinds)('%s is nothing far below 0 and x itself far above, with slopes 0 and 1', (kind) => {
    expect([activation(kind, -800), activation(kind, 800)].map(Math.abs)).toEqual([0, 800]);
    expect([activationSlope(kind, -800), activationSlope(kind, 800)].map(Math.abs)).toEqual([0, 1]);
  });
});
