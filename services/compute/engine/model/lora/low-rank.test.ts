import { describe, expect, it } from 'vitest';
import { noise } from '../../../../../test/adapters.ts';
import { addLowRank } from './low-rank.ts';

// The rank is one group of four and a rest.
const [rank, outputs, inputs, scale] = [7, 7, 5, 0.75];
const a = noise(rank * inputs, 1);
const b = noise(outputs * rank, 2);
const w = noise(outputs * inputs, 3);

function expected(): Float32Array {
  return w.map((value, at) => {
    let sum = 0;
    for (let k = 0; k < rank; k++)
      sum += b[Math.floor(at / inputs) * rank + k] * a[k * inputs + (at % inputs)];
    return value + scale * sum;
  });
}

describe('addLowRank', () => {
  it('adds scale·B·A', () => {
    const whole = w.slice();
    addLowRank(whole, 0, { a, b, rank, inputs }, scale);
    expect(whole).toEqual(expected());
  });

  it.each([1, 2, 3, 4, 6, 11, 34])('gives the same bits in runs of %d elements', (length) => {
    const parts = w.slice();
    for (let at = 0; at < parts.length; at += length)
      addLowRank(parts.subarray(at, at + length), at, { a, b, rank, inputs }, scale);
    expect(parts).toEqual(expected());
  });
});
