/**
 * Products of a linear layer by tiles in workgroup memory (matmul-staged.ts), for GPUs: large tiles where there is enough to fill
 * them with, small ones otherwise, in float32 or kept as float16. Nothing is transposed beforehand.
 */
import type { AdapterReport } from '../device/gpu.ts';
import { plainMatrix, wholeOf } from '../device/tensor.ts';
import type { LinearVariant } from './linear-variant.ts';
import { matmulStaged, stagedBytes, type StagedTile } from './matmul-staged.ts';

function staged(name: string, tile: StagedTile, suits: (adapter: AdapterReport) => boolean): LinearVariant {
  const half = tile.kept === 'vec4h';
  return {
    name,
    numbers: half ? 'mixed' : 'f32',
    runsOn: ({ features, limits }) =>
      (limits['maxComputeWorkgroupStorageSize'] ?? 0) >= stagedBytes(tile) &&
      (!half || features.includes('shader-f16')),
    suits,
    // Workgroup memory is main memory there, and compiling it takes half a minute.
    promising: ({ software }) => !software,

    forward(recorder, _scratch, { rows, inner, input, w, bias, residual, y, column }) {
      matmulStaged(recorder, tile, {
        ...{ rows, inner, columns: w.rows, a: input.x, aByInner: false, b: w, bByInner: false },
        ...{ bias, residual, out: y, outOffset: column },
      });
    },

    inputGrad(recorder, _scratch, { rows, inner, dy, w, dx, accumulate, column }) {
      matmulStaged(recorder, tile, {
        ...{ rows, inner: w.rows, columns: inner, a: dy, aByInner: false, firstColumn: column },
        ...{ b: w, bByInner: true, out: dx, accumulate },
      });
    },

    weightGrad(recorder, { rows, inner, x, dy, dw }) {
      matmulStaged(recorder, tile, {
        ...{ rows: dw.rows, inner: rows, columns: inner, a: dy, aByInner: true },
        ...{ b: plainMatrix(x, rows, inner), bByInner: true, accumulate: true },
        ...{ out: wholeOf(dw, inner), outOffset: dw.rowOffset * inner },
      });
    },
  };
}

const never = (): boolean => false;

/** The small tile fills a GPU with the least work, so it is what is taken before anything was measured. */
export const STAGED: readonly LinearVariant[] = [
  staged('staged-64', { side: 64, kept: 'vec4f' }, ({ software }) => !software),
  staged('staged-128', { side: 128, kept: 'vec4f' }, never),
  staged('staged-64-f16', { side: 64, kept: 'vec4h' }, never),
  staged('staged-128-f16', { side: 128, kept: 'vec4h' }, never),
];
