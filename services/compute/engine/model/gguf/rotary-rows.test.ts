import { expect, it } from 'vitest';
import { undoRotaryRows } from './rotary-rows.ts';

it('undoRotaryRows undoes the permutation of llama.cpp’s converter', () => {
  const [heads, headDim, rowSize] = [3, 8, 5];
  const original = Uint8Array.from({ length: heads * headDim * rowSize }, (_, i) => i);
  // numpy: w.reshape(heads, 2, headDim // 2, rowSize).swapaxes(1, 2)
  const stored = new Uint8Array(original.length);
  let to = 0;
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < headDim / 2; i++) {
      for (let s = 0; s < 2; s++) {
        const from = ((head * 2 + s) * (headDim / 2) + i) * rowSize;
        stored.set(original.subarray(from, from + rowSize), to);
        to += rowSize;
      }
    }
  }
  const out = new Uint8Array(stored.length);
  undoRotaryRows(stored, headDim, rowSize, out);
  expect(out).toEqual(original);
});
