/**
 * Moving rows: gather (and, with an inverse selection, scatter onto zeros) and scatter into a cache.
 * Shapes: matrices [.., width], indices [count] u32; width is a multiple of 4.
 */
import { flatGrid, type Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';

/** The index of no row: `gather` writes zeros for it. */
export const NO_ROW = 0xffffffff;

export interface Gather {
  readonly source: Tensor;
  /** Rows of source, or NO_ROW. */
  readonly indices: Tensor;
  readonly out: Tensor;
  /** First row of out that is written. */
  readonly outRow?: number;
}

export function gather(recorder: Recorder, { source, indices, out, outRow = 0 }: Gather): void {
  const [rows = 0, width = 0] = source.shape;
  const count = indices.shape[0] ?? 0;
  expectShape('source', source, [rows, width]);
  expectShape('indices', indices, [count], 'u32');
  expectShape('out', out, [Math.max(out.shape[0] ?? 0, outRow + count), width]);
  expectMultipleOf4('the width of source', width);
  recorder.run(
    { shader: 'gather_rows' },
    [count, width, outRow],
    [source.buffer, indices.buffer, out.buffer],
    flatGrid(Math.ceil((count * width) / 256)),
    count * width,
  );
}

/** out[indices[i]] = source[i]; indices are distinct and below the rows of out. */
export function scatter(
  recorder: Recorder,
  { source, indices, out }: { source: Tensor; indices: Tensor; out: Tensor },
): void {
  const [count = 0, width = 0] = source.shape;
  expectShape('source', source, [count, width]);
  expectShape('indices', indices, [count], 'u32');
  expectShape('out', out, [out.shape[0] ?? 0, width]);
  expectMultipleOf4('the width of source', width);
  recorder.run(
    { shader: 'scatter_rows' },
    [count, width],
    [source.buffer, indices.buffer, out.buffer],
    flatGrid(Math.ceil((count * width) / 256)),
    count * width,
  );
}
