/** Quantised matrices on their way to the GPU: in chunks, into parts, and of several ranges of rows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as embedding from '../kernels/embedding.ts';
import { Bench } from '../kernels/testing.ts';
import { sharedPath } from '../../../../test/shared.ts';
import type { RowRange } from './assemble.ts';
import type { TensorSpec } from './families/family.ts';
import { decodeWeights } from './gguf/dequantize.ts';
import { BLOCKS, bytesFor, type QuantType } from './gguf/gguf-types.ts';
import { randomBlocks } from './gguf/testing.ts';
import type { ModelConfig } from './model-config.ts';
import { openModelText } from './model-text.ts';
import { WeightUpload } from './weight-upload.ts';

let bench: Bench;
let config: ModelConfig;
beforeAll(async () => {
  bench = await Bench.open();
  ({ config } = await openModelText(sharedPath('models/tiny-random/llama3-rope')));
});
afterAll(() => {
  bench.close();
});

/** Rows are an odd number of blocks, and so is the matrix. */
const ROWS = 21;
const BLOCKS_A_ROW = 3;

interface Way {
  readonly ranges?: readonly RowRange[];
  /** Rows of a part at most. */
  readonly partRows?: number;
  readonly chunkRows?: number;
}

/** Uploads a matrix, and gives its rows as the GPU has them, and as dequantize.ts has them. */
async function upload(
  type: QuantType,
  way: Way,
): Promise<{ parts: number; rows: number[]; expected: number[] }> {
  const { ranges = [{ first: 0, count: ROWS }], partRows = ROWS + 3, chunkRows = ROWS } = way;
  const columns = BLOCKS[type].values * BLOCKS_A_ROW;
  const rowBytes = bytesFor(type, columns);
  const stored = randomBlocks(type, ROWS * BLOCKS_A_ROW, 3);
  const weight: TensorSpec = {
    name: 'w.weight',
    shape: [ROWS, columns],
    part: 'query',
    kind: 'weight',
    layer: 0,
  };
  const source = { tensors: new Map([[weight.name, { dtype: type, shape: weight.shape }]]) };
  const uploader = new WeightUpload(bench.gpu, source, config, partRows * rowBytes);
  const outputs = ranges.reduce((sum, { count }) => sum + count, 0);
  const parts = uploader.projection({ weight, bias: undefined, outputs, inputs: columns, rows: ranges });
  try {
    for (let offset = 0; offset < stored.byteLength; offset += chunkRows * rowBytes) {
      uploader.write(weight.name, type, stored.slice(offset, offset + chunkRows * rowBytes), offset);
    }
    const out = bench.empty([outputs, columns]);
    const ids = bench.words(Array.from({ length: outputs }, (_, row) => row));
    embedding.forward(bench.recorder, { ids, table: parts.map(({ w }) => w), out });
    const values = decodeWeights(type, stored);
    const expected = ranges.flatMap(({ first, count }) => [
      ...values.subarray(first * columns, (first + count) * columns),
    ]);
    return { parts: parts.length, rows: [...(await bench.read(out))], expected };
  } finally {
    for (const buffer of uploader.buffers) buffer.destroy();
  }
}

describe('a quantised matrix', () => {
  it.each(['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K'] as const)(
    'of %s comes in any even number of blocks at a time, into parts',
    async (type) => {
      for (const [way, count] of [
        [{}, 1],
        [{ chunkRows: 2 }, 1],
        [{ partRows: 8, chunkRows: 6 }, 3],
        [
          {
            ranges: [
              { first: 14, count: 6 },
              { first: 2, count: 7 },
            ],
            partRows: 4,
            chunkRows: 10,
          },
          4,
        ],
      ] as const) {
        const { parts, rows, expected } = await upload(type, way);
        expect(parts).toBe(count);
        expect(rows).toEqual(expected);
      }
    },
  );

  it('is not torn apart within a pair of blocks', async () => {
    await expect(upload('Q8_0', { chunkRows: 3 })).rejects.toThrow('a pair of Q8_0 blocks was torn apart');
  });
});
