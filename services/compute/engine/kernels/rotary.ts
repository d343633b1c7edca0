/**
 * Rotary embedding (arXiv 2104.09864) in place, with the rotate-half pairing of transformers' Llama.
 * Shapes: x [rows, heads * headDim], positions [rows] u32, table [positions, headDim / 2, 2] of (cos, sin).
 */
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

/** The gradient's way back: rotation by the negative angle, in place. */
export function backward(recorder: Recorder, rotary: Rotary): void {
  turn(recorder, rotary, -1);
}

/**
 * cos and sin of position * frequency for every position below `positions`, computed in float64 and stored in float32.
 * @param frequencies headDim / 2 inverse frequencies
 */
export function rotaryTable(frequencies: Float64Array, positions: number): Float32Array<ArrayBuffer> {
  const half = frequencies.length;
  const table = new Float32Array(positions * half * 2);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i];
      table[(position * half + i) * 2] = Math.cos(angle);
      table[(position * half + i) * 2 + 1] = Math.sin(angle);
    }
  }
  return table;
}

function turn(recorder: Recorder, { x, positions, table, heads, headDim }: Rotary, direction: 1 | -1): void {
  const rows = x.shape[0] ?? 0;
  expectMultipleOf4('headDim', headDim);
  expectShape('x', x, [rows, heads * headDim]);
  expectShape('positions', positions, [rows], 'u32');
  expectShape('table', table, [table.shape[0] ?? 0, headDim / 2, 2]);
  recorder.run(
    { shader: 'rotary' },
    [rows, heads, headDim, f32Bits(direction)],
    [positions.buffer, table.buffer, x.buffer],
    flatGrid(Math.ceil((rows * heads * headDim) / 4 / 64)),
    rows * heads * headDim * 4,
  );
}
