/**
 * Products of a linear layer as outer products in registers (matmul-outer.ts): runs everywhere, and wins where loads are dear
 * and there is no more to it than registers. The forward transposes x and w, the input gradient dy.
 */
import { isQuantized, plainMatrix, wholeOf } from '../device/tensor.ts';
import type { LinearVariant } from './linear-variant.ts';
import { matmulOuter, transpose, widen } from './matmul-outer.ts';

/**
 * From here on widening quantised weights once costs less than reading them in every tile: a tile has 8 rows, so each weight
 * is read rows / 8 times. The forward's transpose widens them anyway. (bench/README.md)
 */
const WIDEN_ROWS = 256;

export const outer: LinearVariant = {
  name: 'outer',
  numbers: 'f32',
  runsOn: () => true,
  suits: () => true,
  promising: () => true,

  forward(recorder, scratch, { rows, input, w, bias, residual, y, column }) {
    const a = input.transposed();
    const b = transpose(recorder, scratch, w);
    matmulOuter(recorder, { rows, columns: w.rows, a, b, bias, residual, out: y, outOffset: column });
    scratch.give(b);
  },

  inputGrad(recorder, scratch, { rows, inner, dy, w, dx, accumulate, column }) {
    const stride = dy.shape[1] ?? 0;
    const a = transpose(recorder, scratch, plainMatrix(dy, rows, w.rows), { stride, firstColumn: column });
    const wide = rows >= WIDEN_ROWS && isQuantized(w.dtype) ? widen(recorder, scratch, w) : undefined;
    matmulOuter(recorder, { rows, columns: inner, a, b: wide ?? w, accumulate, out: dx });
    scratch.give(a);
    if (wide !== undefined) scratch.give(wide);
  },

  weightGrad(recorder, { rows, inner, x, dy, dw }) {
    matmulOuter(recorder, {
      ...{ rows: dw.rows, columns: inner, a: dy, b: plainMatrix(x, rows, inner), accumulate: true },
      ...{ out: wholeOf(dw, inner), outOffset: dw.rowOffset * inner },
    });
  },
};
