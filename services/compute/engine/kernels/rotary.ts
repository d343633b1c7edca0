/**
 * Rotary embedding (arXiv 2104.09864) in place, with the rotate-half pairing of transformers: the first 2 * half
 * dimensions of every head turn, i with i + half, and the rest pass through (partial rotary; all turn where half is
 * headDim / 2). Shapes: x [rows, heads * headDim], positions [rows] u32, table [positions, half, 2] of (cos, sin).
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { f32Bits, flatGrid, type Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';

export * as oracle from '../oracle/rotary.ts';

export interface Rotary {
  readonly x: Tensor;
  readonly positions: Tensor;
  readonly table: Tensor;
  readonly heads: number;
  readonly headDim: number;
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

function turn(recorder: Recorder, { x, positions, table, heads, headDim }: Rotary, direction: 1 | -1): void {
  const rows = x.shape[0] ?? 0;
  const half = table.shape[1] ?? 0;
  expectMultipleOf4('headDim', headDim);
  expectShape('x', x, [rows, heads * headDim]);
  expectShape('positions', positions, [rows], 'u32');
  expectShape('table', table, [table.shape[0] ?? 0, half, 2]);
  expectHalf(half, headDim);
  const pairs = rows * heads * half;
  const odd = half % 2 === 1;
  recorder.run(
    { shader: odd ? 'rotary_odd' : 'rotary' },
    [rows, heads, headDim, half, f32Bits(direction)],
    [positions.buffer, table.buffer, x.buffer],
    flatGrid(Math.ceil(pairs / (odd ? 64 : 128))),
    pairs * 8,
  );
}

function expectHalf(half: number, headDim: number): void {
  if (half >= 1 && half <= headDim / 2) return;
  throw new ReptraceError(
    'SHAPE_MISMATCH',
    `table turns ${half} pairs of a head, which has ${headDim} dimensions`,
    'Pass a table of 1 to headDim / 2 frequencies.',
  );
}
