import { describe, expect, it } from 'vitest';
import { type AdamwResult, adamwStep } from './adamw.ts';

const settings = { lr: 0.1, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.5 };

describe('the AdamW oracle', () => {
  it('moves by lr against the sign of the gradient at step 1, after the decay', () => {
    const state = { m: [0, 0], v: [0, 0], step: 1 };
    const result = adamwStep({ parameter: [1, -2], gradient: [3, -0.01], ...state, ...settings });
    expect(result.parameter[0]).toBeCloseTo(0.95 - 0.1, 8);
    expect(result.parameter[1]).toBeCloseTo(-1.9 + 0.1, 6);
    expect(result.m[0]).toBeCloseTo(0.3, 12);
    expect(result.v[0]).toBeCloseTo(0.45, 12);
  });

  it('goes on from its moments as torch.optim.AdamW does', () => {
    // torch 2.15, float64: AdamW([1.0, -2.0], lr 0.1, betas (0.9, 0.95), eps 1e-8, weight_decay 0.5), gradients
    // [3, -0.01], [-1, 0.02], [0.5, 0]
    const zeros = new Float64Array(2);
    let state: AdamwResult = { parameter: new Float64Array([1, -2]), m: zeros, v: zeros };
    for (const [t, gradient] of [
      [3, -0.01],
      [-1, 0.02],
      [0.5, 0],
    ].entries()) {
      state = adamwStep({ ...state, gradient, step: t + 1, ...settings });
    }
    expect(state.parameter[0]).toBeCloseTo(0.6872802882982669, 12);
    expect(state.parameter[1]).toBeCloseTo(-1.6874726718318473, 12);
  });

  it('scales the gradient by the clip factor before anything else', () => {
    const state = { parameter: [1], m: [0.2], v: [0.3], step: 4, ...settings };
    const scaled = adamwStep({ ...state, gradient: [4], gradScale: 0.25 });
    expect(scaled).toEqual(adamwStep({ ...state, gradient: [1] }));
  });

  it('leaves what it was given alone', () => {
    const parameter = new Float64Array([1]);
    adamwStep({ parameter, gradient: [1], m: [0], v: [0], step: 1, ...settings });
    expect(parameter[0]).toBe(1);
  });
});
