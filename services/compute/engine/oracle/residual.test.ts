import { describe, expect, it } from 'vitest';
import { residualBackward, residualForward } from './residual.ts';

describe('the residual oracle', () => {
  it('adds, and hands the gradient to both sides', () => {
    expect([...residualForward({ x: [1, 2], branch: [10, 20] })]).toEqual([11, 22]);
    const { dx, dBranch } = residualBackward({ dy: [3, 4] });
    expect([...dx, ...dBranch]).toEqual([3, 4, 3, 4]);
    expect(dx.buffer).not.toBe(dBranch.buffer);
  });
});
