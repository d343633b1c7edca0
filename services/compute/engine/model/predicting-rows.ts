/**
 * The rows of a batch that predict a loss token: the head runs on them and no others, and what comes back from it goes to
 * their places among all rows.
 */
import type { Tensor } from '../device/tensor.ts';
import { gather } from '../kernels/rows.ts';
import { inverse, uploadWords, type PackedBatch } from './batch.ts';
import type { BlockContext } from './block.ts';

/** The predicting rows of x [rows, width], a new tensor [loss rows, width]; and the ids that they predict. */
export function takePredicting(
  { recorder, scope }: BlockContext,
  packed: PackedBatch,
  x: Tensor,
): { predicting: Tensor; targets: Tensor } {
  const predicting = scope.take([packed.lossRows.length, x.shape[1] ?? 0]);
  gather(recorder, { source: x, indices: uploadWords(recorder, scope, packed.lossRows), out: predicting });
  return { predicting, targets: uploadWords(recorder, scope, packed.targets) };
}

/** Each of the predicting rows [loss rows, width] at its place, zeros elsewhere: a new tensor [rows, width]. */
export function spreadPredicting(
  { recorder, scope }: BlockContext,
  packed: PackedBatch,
  rows: Tensor,
): Tensor {
  const all = scope.take([packed.rows, rows.shape[1] ?? 0]);
  const places = uploadWords(recorder, scope, inverse(packed.lossRows, packed.rows));
  gather(recorder, { source: rows, indices: places, out: all });
  scope.give(places);
  return all;
}
