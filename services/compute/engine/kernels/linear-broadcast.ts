/**
 * Products of a linear layer by subgroup broadcasts (matmul-broadcast.ts), for software adapters. Weights and dy are told from
 * lane to lane as they lie, so that only the forward transposes, x alone.
 */
import { isQuantized, plainMatrix, wholeOf } from '../device/tensor.ts';
import type { LinearVariant } from './linear-variant.ts';
import { canBroadcast, matmulBroadcast } from './matmul-broadcast.ts';
import { widen } from './matmul-outer.ts';

/** As in linear-outer.ts; each weight is read once in 16 rows here. */
const WIDEN_ROWS = 512;

export const broadcast: LinearVariant = {
  name: 'broadcast',
  numbers: 'f32',
  runsOn: canBroadcast,
  suits: canBroadcast,
  promising: canBroadcast,

  forward(recorder, _scratch, { rows, inner, input, w, bias, residual, y, column }) {
    matmulBroadcast(recorder, {
      ...{ rows: w.rows, inner, columns: rows, weights: w, plain: input.transposed(), spread: 'weights' },
      ...{ transposed: true, bias, residual, out: y, outOffset: column },
    });
  },

  inputGrad(recorder, scratch, { rows, inner, dy, w, dx, accumulate, column }) {
    const wide = rows >= WIDEN_ROWS && isQuantized(w.dtype) ? widen(recorder, scratch, w) : undefined;
    matmulBroadcast(recorder, {
      ...{ rows, inner: w.rows, columns: inner, plain: dy, spread: 'plain', firstColumn: column },
      ...{ weights: wide === undefined ? w : plainMatrix(wide, w.rows, inner), accumulate, out: dx },
    });
    if (wide !== undefined) scratch.give(wide);
  },

  weightGrad(recorder, { rows, inner, x, dy, dw }) {
    matmulBroadcast(recorder, {
      ...{ rows: dw.rows, inner: rows, columns: inner, plain: dy, spread: 'plain by inner' },
      ...{ weights: plainMatrix(x, rows, inner), accumulate: true },
      ...{ out: wholeOf(dw, inner), outOffset: dw.rowOffset * inner },
    });
  },
};
