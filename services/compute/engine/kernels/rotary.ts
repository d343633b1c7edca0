/**
 * Rotary embedding (arXiv 2104.09864) of queries and keys in place, with the rotate-half pairing of transformers: the first
 * 2 * half dimensions of every head turn, i with i + half, and the rest pass through (partial rotary; all turn where half is
 * headDim / 2). Shapes: x [rows, heads * headDim], positions [rows] u32, table [positions, half, 2] of (cos, sin).
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { f32Bits, flatGrid, type Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';

export * as oracle from '../oracle/rotary.ts';

/** Queries or keys: x [rows, heads * headDim], positions [rows] u32. */
export interface Turned {
  readonly x: Tensor;
  readonly positions: Tensor;
  readonly heads: number;
}

export interface Rotary {
  readonly queries: Turned;
  readonly keys: Turned;
  readonly table: Tensor;
  readonly headDim: number;
  /** Heads that a workgroup turns at a time; default: what suits the adapter. */
  readonly headLanes?: number;
}

export function forward(recorder: Recorder, rotary: Rotary): void {
  turn(recorder, rotary, 1);
}

/** The gradient's way back, in place: the transpose of the forward, a turn by the negative angle with the same scale. */
export function backward(recorder: Recorder, rotary: Rotary): void {
  turn(recorder, rotary, -1);
}

/**
 * cos and sin of position * frequency for every position below `positions`, times `scale`, computed in float64 and
 * stored in float32: a table [positions, half, 2].
 * @param frequencies half inverse frequencies, in radians a position
 * @param scale YaRN's attention factor (arXiv 2309.00071), 1 elsewhere
 */
export function rotaryTable(
  frequencies: Float64Array,
  positions: number,
  scale = 1,
): Float32Array<ArrayBuffer> {
  const half = frequencies.length;
  const table = new Float32Array(positions * half * 2);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i];
      table[(position * half + i) * 2] = Math.cos(angle) * scale;
      table[(position * half + i) * 2 + 1] = Math.sin(angle) * scale;
    }
  }
  return table;
}

function turn(recorder: Recorder, rotary: Rotary, direction: 1 | -1): void {
  const { queries, keys, table, headDim } = rotary;
  const { headLanes = recorder.gpu.report.software ? 1 : 16 } = rotary;
  const half = table.shape[1] ?? 0;
  expectMultipleOf4('headDim', headDim);
  const queryRows = rowsOf('queries', queries, headDim);
  const keyRows = rowsOf('keys', keys, headDim);
  expectShape('table', table, [table.shape[0] ?? 0, half, 2]);
  expectHalf(half, headDim);
  recorder.run(
    { shader: half % 2 === 1 ? 'rotary_odd' : 'rotary', constants: { HEAD_LANES: headLanes } },
    [queryRows, keyRows, queries.heads, keys.heads, headDim, half, f32Bits(direction)],
    [queries.positions.buffer, keys.positions.buffer, table.buffer, queries.x.buffer, keys.x.buffer],
    flatGrid(Math.max(queryRows, keyRows)),
    (queryRows * queries.heads + keyRows * keys.heads) * half * 8,
  );
}

function rowsOf(operand: string, { x, positions, heads }: Turned, headDim: number): number {
  const rows = x.shape[0] ?? 0;
  expectShape(operand, x, [rows, heads * headDim]);
  expectShape(`positions of ${operand}`, positions, [rows], 'u32');
  return rows;
}

function expectHalf(half: number, headDim: number): void {
  if (half >= 1 && half <= headDim / 2) return;
  throw new ReptraceError(
    'SHAPE_MISMATCH',
    `table turns ${half} pairs of a head, which has ${headDim} dimensions`,
    'Pass a table of 1 to headDim / 2 frequencies.',
  );
}
