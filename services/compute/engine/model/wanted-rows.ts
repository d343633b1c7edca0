/**
 * Some rows of a batch, of which alone a block's output is wanted: keys and values are made of all rows, and nothing else. Where
 * nothing goes back through the last block, those that predict a loss token are all that the head needs of it.
 */
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';
import { planBlocks } from '../kernels/attention.ts';
import { gather } from '../kernels/rows.ts';
import { uploadQueries, uploadWords, type PackedBatch, type QueryRows } from './batch.ts';

export interface WantedRows {
  /** [wanted rows] u32, rows of the batch. */
  readonly indices: Tensor;
  /** The same rows as they attend to the batch. */
  readonly queries: QueryRows;
}

interface Work {
  readonly recorder: Recorder;
  readonly scope: Scope;
}

/** The rows that predict, in the order of the loss tokens. */
export function predictingOnly({ recorder, scope }: Work, packed: PackedBatch): WantedRows {
  const { lossRows, positions, places } = packed;
  const blocks = planBlocks(
    places.map(({ start, promptLength, lossStart, lossCount }) => ({
      ...{ firstQuery: lossStart, count: lossCount, firstKey: start, visible: promptLength - 1 },
    })),
  );
  return {
    indices: uploadWords(recorder, scope, lossRows),
    queries: uploadQueries(recorder, scope, { positions: lossRows.map((row) => positions[row]), blocks }),
  };
}

/** Those rows of x [rows of the batch, width]: a new tensor. */
export function rowsAt({ recorder, scope }: Work, x: Tensor, { indices }: WantedRows): Tensor {
  const out = scope.take([indices.shape[0] ?? 0, x.shape[1] ?? 0]);
  gather(recorder, { source: x, indices, out });
  return out;
}
