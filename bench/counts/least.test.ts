import { describe, expect, it } from 'vitest';
import { smollm2Shape } from '../engine/shapes.ts';
import { leastOfBlock, tapeBytesPerRow, type Least } from './least.ts';

const config = smollm2Shape();
const ROWS = 512;
const { forward, taped, backward } = leastOfBlock(config, ROWS);

const total = ({ read, written }: { read: number; written: number }): number => read + written;
const fusedTotal = ({ fused }: Least): number => fused.reduce((sum, one) => sum + total(one), 0);
const fusedRead = ({ fused }: Least): number => fused.reduce((sum, { read }) => sum + read, 0);

/** 3 538 944 weights in two bytes, two norms of 576 in four; 512 rows of 576 floats. */
const WEIGHTS = 3_538_944 * 2 + 2 * 576 * 4;
const X = 512 * 576 * 4;

describe('the least of a SmolLM2-135M block', () => {
  it('is its weights once, its input and its output', () => {
    expect(forward.bytes).toEqual({ read: WEIGHTS + X, written: X });
  });

  it('has the tape on top where something goes back, written once and read once', () => {
    // q and what attention gave 576 wide, k and v 192, gate and up 1536, mid 576, 9 sums of exponentials, 2 statistics.
    const tape = 512 * 4 * (2 * 576 + 2 * 192 + 2 * 1536 + 576 + 9 + 2);
    expect(taped.bytes).toEqual({ read: WEIGHTS + X, written: X + tape });
    expect(backward.bytes).toEqual({ read: WEIGHTS + tape + 2 * X, written: X });
    expect(tapeBytesPerRow(config) * ROWS).toBe(tape + X);
  });
});

describe('the fused design', () => {
  it('is five dispatches forward and six back', () => {
    expect([forward, taped, backward].map(({ fused }) => fused.length)).toEqual([5, 5, 6]);
  });

  it('moves more than the least, and reads every weight once', () => {
    for (const least of [forward, taped, backward]) {
      expect(fusedTotal(least)).toBeGreaterThan(total(least.bytes));
    }
    // Of twice the rows all but the weights is twice as much.
    const twice = leastOfBlock(config, 2 * ROWS);
    for (const way of ['forward', 'taped', 'backward'] as const) {
      const one = fusedRead({ forward, taped, backward }[way]);
      expect(2 * one - fusedRead(twice[way])).toBe(WEIGHTS);
    }
  });

  it('keeps in the forward what the backward reads', () => {
    const keeps = taped.fused.map(({ written }, i) => written - forward.fused[i].written);
    // Statistics with q, k, v; sums of exponentials with attention; statistics, gate and up with the activation.
    expect(keeps).toEqual([512 * 4, 512 * 4 * 9, 0, 512 * 4 * (1 + 2 * 1536), 0]);
  });
});

it('refuses a block that it was not written down for', () => {
  expect(() => leastOfBlock({ ...config, family: 'gemma2' }, 1)).toThrow('gemma2');
});
