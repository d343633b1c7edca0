/**
 * Products of a linear layer by tiles in workgroup memory, for GPUs: large tiles where there is enough to fill them with, small ones
 * otherwise; multiplied by lanes (matmul-staged.ts), in float32 or kept as float16, or by matrix units (matmul-subgroup.ts). Nothing
 * is transposed beforehand.
 */
import type { AdapterReport } from '../device/gpu.ts';
import type { Recorder } from '../device/recorder.ts';
import { plainMatrix, wholeOf } from '../device/tensor.ts';
import type { LinearVariant } from './linear-variant.ts';
import { matmulStaged, stagedBytes, type MatmulStaged, type StagedTile } from './matmul-staged.ts';
import { fitsSubgroups, matmulSubgroup, type SubgroupTile } from './matmul-subgroup.ts';

/**
 * Gradients of a mean over tokens are small: many times smaller than 2^-14, below which float16 loses bits. Times this, they keep
 * them down to 2^-24, and may be as large as 64.
 */
const GRADIENT_SCALE = 1024;

type Choice = Pick<LinearVariant, 'name' | 'numbers' | 'runsOn' | 'suits'>;

function staged(
  choice: Choice,
  multiply: (recorder: Recorder, product: MatmulStaged) => void,
): LinearVariant {
  const aScale = choice.numbers === 'mixed' ? GRADIENT_SCALE : 1;
  return {
    ...choice,
    // Workgroup memory is main memory there, and compiling it takes half a minute.
    promising: ({ software }) => !software,

    forward(recorder, _scratch, { rows, inner, input, w, bias, residual, y, column }) {
      multiply(recorder, {
        ...{ rows, inner, columns: w.rows, a: input.x, aByInner: false, b: w, bByInner: false },
        ...{ bias, residual, out: y, outOffset: column },
      });
    },

    inputGrad(recorder, _scratch, { rows, inner, dy, w, dx, accumulate, column }) {
      multiply(recorder, {
        ...{ rows, inner: w.rows, columns: inner, a: dy, aByInner: false, aScale, firstColumn: column },
        ...{ b: w, bByInner: true, out: dx, accumulate },
      });
    },

    weightGrad(recorder, { rows, inner, x, dy, dw }) {
      multiply(recorder, {
        ...{ rows: dw.rows, inner: rows, columns: inner, a: dy, aByInner: true, aScale },
        ...{ b: plainMatrix(x, rows, inner), bByInner: true, accumulate: true },
        ...{ out: wholeOf(dw, inner), outOffset: dw.rowOffset * inner },
      });
    },
  };
}

const never = (): boolean => false;

function byLanes(name: string, tile: StagedTile, suits: (adapter: AdapterReport) => boolean): LinearVariant {
  const half = tile.kept === 'vec4h';
  const runsOn = ({ features, limits }: AdapterReport): boolean =>
    (limits['maxComputeWorkgroupStorageSize'] ?? 0) >= stagedBytes(tile) &&
    (!half || features.includes('shader-f16'));
  return staged({ name, numbers: half ? 'mixed' : 'f32', runsOn, suits }, (recorder, product) => {
    matmulStaged(recorder, tile, product);
  });
}

function bySubgroups(name: string, tile: SubgroupTile): LinearVariant {
  const runsOn = (adapter: AdapterReport): boolean => fitsSubgroups(adapter, tile);
  return staged({ name, numbers: 'mixed', runsOn, suits: never }, (recorder, product) => {
    matmulSubgroup(recorder, tile, product);
  });
}

/** The small tile fills a GPU with the least work, so it is what is taken before anything was measured. */
export const STAGED: readonly LinearVariant[] = [
  byLanes('staged-64', { side: 64, kept: 'vec4f' }, ({ software }) => !software),
  byLanes('staged-128', { side: 128, kept: 'vec4f' }, never),
  byLanes('staged-64-f16', { side: 64, kept: 'vec4h' }, never),
  byLanes('staged-128-f16', { side: 128, kept: 'vec4h' }, never),
  bySubgroups('subgroup-64', { side: 64, depth: 32 }),
  bySubgroups('subgroup-128', { side: 128, depth: 16 }),
  bySubgroups('subgroup-128-deep', { side: 128, depth: 32 }),
];
