/**
 * Token embedding: out[n] = scale * table[ids[n]]. Shapes: ids [rows] u32, table [vocabulary, width] in stored precision, possibly
 * in several parts of consecutive rows (a binding has a largest size), out [rows, width].
 */
import { f32Bits, flatGrid, type Recorder } from '../device/recorder.ts';
import { expectColumns, expectMultipleOf4, expectShape, type Matrix, type Tensor } from '../device/tensor.ts';

export * as oracle from '../oracle/embedding.ts';

export interface EmbeddingForward {
  readonly ids: Tensor;
  readonly table: readonly Matrix[];
  /** Id of the table's first row, 0 unless given: rows of `out` whose id it does not have stay as they are. */
  readonly firstId?: number;
  readonly out: Tensor;
  /** 1 unless given; sqrt(width) in Gemma. Rounded to float32. */
  readonly scale?: number;
}

/** Ids must be below the vocabulary's size: the caller checks them, with the sample's name at hand. */
export function forward(recorder: Recorder, embedding: EmbeddingForward): void {
  const { ids, table, out, scale = 1 } = embedding;
  const [rows = 0, width = 0] = out.shape;
  expectShape('out', out, [rows, width]);
  expectShape('ids', ids, [rows], 'u32');
  expectMultipleOf4('the width of out', width);
  let { firstId = 0 } = embedding;
  for (const part of table) {
    expectColumns('table', part, width);
    recorder.run(
      { shader: 'embedding_forward', weights: part.dtype },
      [rows, width, firstId, part.rows, part.rowOffset, f32Bits(scale)],
      [ids.buffer, part.buffer, out.buffer],
      flatGrid(Math.ceil((rows * width) / 256)),
      rows * width,
    );
    firstId += part.rows;
  }
}

/** Rows of a batch sorted by id, so that the gradient of each table row is summed in a fixed order. */
export interface IdGroups {
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Group g has the rows order[starts[g]] … order[starts[g + 1] - 1]. */
  readonly starts: Uint32Array<ArrayBuffer>;
  readonly order: Uint32Array<ArrayBuffer>;
}

export function groupById(ids: Uint32Array): IdGroups {
  const order = Uint32Array.from(ids.keys()).sort((a, b) => ids[a] - ids[b] || a - b);
  const groupIds: number[] = [];
  const starts: number[] = [];
  order.forEach((row, i) => {
    const id = ids[row];
    if (groupIds.at(-1) !== id) {
      groupIds.push(id);
      starts.push(i);
    }
  });
  return { ids: Uint32Array.from(groupIds), starts: Uint32Array.from([...starts, ids.length]), order };
}

export interface EmbeddingWeightGrad {
  readonly groupIds: Tensor;
  readonly groupStarts: Tensor;
  readonly order: Tensor;
  readonly dout: Tensor;
  /** [vocabulary, width] float32; added to. */
  readonly dtable: Tensor;
}

export function weightGrad(
  recorder: Recorder,
  { groupIds, groupStarts, order, dout, dtable }: EmbeddingWeightGrad,
): void {
  const [rows = 0, width = 0] = dout.shape;
  const groups = groupIds.shape[0] ?? 0;
  expectShape('dout', dout, [rows, width]);
  expectShape('groupIds', groupIds, [groups], 'u32');
  expectShape('groupStarts', groupStarts, [groups + 1], 'u32');
  expectShape('order', order, [rows], 'u32');
  expectShape('dtable', dtable, [dtable.shape[0] ?? 0, width]);
  expectMultipleOf4('the width of dout', width);
  recorder.run(
    { shader: 'embedding_weight_grad' },
    [groups, width],
    [groupIds.buffer, groupStarts.buffer, order.buffer, dout.buffer, dtable.buffer],
    flatGrid(Math.ceil((groups * width) / 128)),
    rows * width,
  );
}
