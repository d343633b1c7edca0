/**
 * Matrix products by a GPU's matrix units (shaders/matmul_subgroup.wgsl): subgroups multiply small matrices of float16, staged in
 * workgroup memory, into sums of float32.
 */
import type { AdapterReport, MatrixShape } from '../device/gpu.ts';
import type { Recorder } from '../device/recorder.ts';
import { runStaged, type MatmulStaged } from './matmul-staged.ts';

export interface SubgroupTile {
  /** Rows and columns of out that a workgroup makes. */
  readonly side: 64 | 128;
  /** Of inner, staged at a time. */
  readonly depth: 16 | 32;
}

/** Rows of out that a subgroup makes; it makes half the tile's columns. */
const HEIGHT = 32;
const BUFFERS = 2;
const OPERANDS = 2;
/** Values that a staged row is longer than what it holds. */
const PADDING = 8;

/** What a tile is made of on an adapter: the largest of its matrices that fit. Undefined where it has none. */
function unitsOf(
  { matrices, subgroupSize }: AdapterReport,
  { depth }: SubgroupTile,
): { readonly shape: MatrixShape; readonly subgroup: number } | undefined {
  const fitting = matrices.filter(
    ({ m, n, k }) => HEIGHT % m === 0 && HEIGHT % n === 0 && n % 4 === 0 && depth % k === 0,
  );
  const [shape] = fitting.sort((a, b) => b.m * b.n * b.k - a.m * a.n * a.k);
  return shape === undefined || subgroupSize === undefined ? undefined : { shape, subgroup: subgroupSize };
}

/** Whether an adapter has matrix units, and workgroups of the lanes and the memory that a tile takes. */
export function fitsSubgroups(adapter: AdapterReport, tile: SubgroupTile): boolean {
  const units = unitsOf(adapter, tile);
  if (units === undefined || !adapter.features.includes('shader-f16')) return false;
  const { side, depth } = tile;
  const subgroups = side / 16;
  const staged = 2 * Math.max(side * (depth + PADDING), depth * (side + PADDING));
  const bytes = OPERANDS * BUFFERS * staged + 4 * subgroups * units.shape.m * units.shape.n;
  const { maxComputeWorkgroupStorageSize = 0, maxComputeInvocationsPerWorkgroup = 0 } = adapter.limits;
  return (
    bytes <= maxComputeWorkgroupStorageSize && subgroups * units.subgroup <= maxComputeInvocationsPerWorkgroup
  );
}

export function matmulSubgroup(recorder: Recorder, tile: SubgroupTile, product: MatmulStaged): void {
  const units = unitsOf(recorder.gpu.report, tile);
  if (units === undefined) {
    throw new Error('matrix units are asked for, which the adapter does not have');
  }
  const { shape, subgroup } = units;
  const constants = { DEPTH: tile.depth, M: shape.m, N: shape.n, K: shape.k, SUBGROUP: subgroup };
  runStaged(recorder, { shader: 'matmul_subgroup', side: tile.side, constants }, product);
}
