import { describe, expect, it } from 'vitest';
import {
  byteLength,
  expectColumns,
  expectMultipleOf4,
  expectShape,
  matrixRows,
  type Matrix,
  type Tensor,
} from './tensor.ts';

const buffer = {} as GPUBuffer;
const tensor: Tensor = { buffer, shape: [2, 3], dtype: 'f32' };
const matrix: Matrix = { buffer, rows: 10, columns: 8, rowOffset: 4, dtype: 'f16' };

describe('the checks of operands', () => {
  it('name the operand, what it is and what it should be', () => {
    expectShape('x', tensor, [2, 3]);
    for (const [shape, dtype] of [
      [[3, 2], 'f32'],
      [[2, 3, 1], 'f32'],
      [[2, 3], 'u32'],
    ] as const) {
      expect(() => {
        expectShape('x', tensor, shape, dtype);
      }).toThrow(`x is f32[2, 3], expected ${dtype}[${shape.join(', ')}]`);
    }
    expectColumns('w', matrix, 8);
    expect(() => {
      expectColumns('w', matrix, 4);
    }).toThrow('w is [10, 8], expected [.., 4]');
    expectMultipleOf4('width', 8);
    for (const size of [0, 2, 6, -4, NaN, 4.5]) {
      expect(() => {
        expectMultipleOf4('width', size);
      }).toThrow(`width is ${size}`);
    }
  });
});

describe('byteLength', () => {
  it('counts two bytes for the half precisions and four for the others', () => {
    expect((['f32', 'u32', 'f16', 'bf16'] as const).map((dtype) => byteLength([3, 4], dtype))).toEqual([
      48, 48, 24, 24,
    ]);
    expect(byteLength([0, 7], 'f32')).toBe(0);
  });

  it('counts whole blocks of quantised types, and whole pairs where blocks are no whole words', () => {
    const dtypes = ['q4_0', 'q4_1', 'q5_0', 'q5_1', 'q8_0', 'q4_k', 'q5_k', 'q6_k'] as const;
    // A row of 512 values is 16 blocks of 32, or 2 of 256.
    expect(dtypes.map((dtype) => byteLength([3, 512], dtype))).toEqual(
      [16 * 18, 16 * 20, 16 * 22, 16 * 24, 16 * 34, 2 * 144, 2 * 176, 2 * 210].map((bytes) => 3 * bytes),
    );
    expect([byteLength([3, 32], 'q8_0'), byteLength([3, 32], 'q4_1')]).toEqual([4 * 34, 3 * 20]);
  });
});

describe('matrixRows', () => {
  it('takes rows within the matrix, counted from its own first row', () => {
    expect(matrixRows(matrix, 3, 5)).toEqual({ ...matrix, rows: 5, rowOffset: 7 });
    expect(matrixRows(matrixRows(matrix, 3, 5), 1, 4).rowOffset).toBe(8);
    for (const [start, rows] of [
      [-1, 2],
      [8, 3],
      [11, 0],
    ] as const) {
      expect(() => matrixRows(matrix, start, rows)).toThrow('rows');
    }
  });
});
