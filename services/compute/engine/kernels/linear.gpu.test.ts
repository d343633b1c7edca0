import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FloatDtype } from '../device/tensor.ts';
import * as linear from './linear.ts';
import { asStored, Bench, expectClose, expectMismatch, FORWARD, GRADIENT, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const DTYPES: readonly FloatDtype[] = ['f32', 'f16', 'bf16'];

interface Way {
  readonly rows: number;
  readonly scratch: boolean;
}

/** Every height of the register tile, with and without a rest; and, with scratch memory, outer products. */
const WAYS: readonly Way[] = [
  ...[1, 2, 3, 5, 33].map((rows) => ({ rows, scratch: false })),
  ...[3, 16, 33].map((rows) => ({ rows, scratch: true })),
];

/** What does not depend on the tile needs not all of them: pipelines take long to compile. */
const FEW_WAYS = WAYS.filter(({ rows }) => rows === 33);
const waysFor = (dtype: FloatDtype) => (dtype === 'f32' ? WAYS : FEW_WAYS);

const scratchOf = ({ scratch }: Way) => (scratch ? { scratch: bench.scratch() } : {});

function operands(rows: number, inner: number, outer: number, dtype: FloatDtype = 'f32') {
  const normal = normalFloats(rows * 31 + inner * 7 + outer);
  const weight = asStored(dtype, normal(outer * inner));
  return {
    x: normal(rows * inner),
    weight,
    bias: normal(outer),
    dy: normal(rows * outer),
    rows,
    inner,
    outer,
  };
}

/** Rows of `columns` values as they lie from `column` on in rows of `stride`, the rest filled. */
function padded(values: Float32Array, rows: number, stride: number, column = 0, fill = 0): Float32Array {
  const columns = values.length / rows;
  const out = new Float32Array(rows * stride).fill(fill);
  for (let n = 0; n < rows; n++) {
    out.set(values.subarray(n * columns, (n + 1) * columns), n * stride + column);
  }
  return out;
}

/** The inverse of `padded`. */
function unpadded(values: Float32Array, rows: number, columns: number, column = 0): Float32Array {
  const stride = values.length / rows;
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    return values[Math.floor(i / columns) * stride + column + (i % columns)];
  });
}

describe('the linear forward kernel', () => {
  it.each(DTYPES)('multiplies with %s weights, for any number of rows', async (dtype) => {
    for (const way of waysFor(dtype)) {
      const { rows } = way;
      for (const [inner, outer] of [
        [4, 4],
        [36, 72],
        [132, 40],
      ] as const) {
        const given = operands(rows, inner, outer, dtype);
        const y = bench.empty([rows, outer]);
        // The matrix begins at row 3 of its buffer.
        const w = bench.matrix(given.weight, outer, inner, dtype, 3);
        const x = bench.floats(given.x, [rows, inner]);
        linear.forward(bench.recorder, { x, w, y, ...scratchOf(way) });
        const expected = linear.oracle.linearForward({ ...given, bias: undefined });
        expectClose(`linear.forward ${dtype}`, await bench.read(y), expected, FORWARD);
      }
    }
  });

  it.each(FEW_WAYS)('adds bias and residual, $rows rows, scratch $scratch', async (way) => {
    const { rows } = way;
    const given = operands(rows, 36, 40);
    const residual = normalFloats(3)(rows * 40);
    const x = bench.floats(given.x, [rows, 36]);
    const w = bench.matrix(given.weight, 40, 36);
    const [bias, added] = [bench.floats(given.bias), bench.floats(residual, [rows, 40])];
    const withBias = linear.oracle.linearForward(given);
    const plain = linear.oracle.linearForward({ ...given, bias: undefined });
    const sum = (a: Float64Array) => a.map((value, i) => value + residual[i]);
    for (const [options, expected] of [
      [{ bias }, withBias],
      [{ residual: added }, sum(plain)],
      [{ bias, residual: added }, sum(withBias)],
    ] as const) {
      const y = bench.empty([rows, 40]);
      linear.forward(bench.recorder, { x, w, y, ...options, ...scratchOf(way) });
      expectClose('linear.forward bias, residual', await bench.read(y), expected, FORWARD);
    }
  });

  it.each(WAYS)(
    'writes its columns of a wider y alone, any number, $rows rows, scratch $scratch',
    async (way) => {
      const { rows } = way;
      for (const outer of [1, 7, 33, 34]) {
        const given = operands(rows, 8, outer);
        const stride = 52;
        const y = bench.floats(padded(new Float32Array(rows * outer), rows, stride, 8, 77), [rows, stride]);
        const residual = bench.floats(padded(given.dy, rows, stride, 8), [rows, stride]);
        const x = bench.floats(given.x, [rows, 8]);
        const w = bench.matrix(given.weight, outer, 8);
        const bias = bench.floats(given.bias);
        linear.forward(bench.recorder, { x, w, bias, residual, y, column: 8, ...scratchOf(way) });
        const out = await bench.read(y);
        const expected = linear.oracle.linearForward(given).map((value, i) => value + given.dy[i]);
        expectClose('linear.forward odd columns', unpadded(out, rows, outer, 8), expected, FORWARD);
        expect([...unpadded(out, rows, 8)].every((value) => value === 77)).toBe(true);
        const end = 8 + Math.ceil(outer / 4) * 4;
        expect([...unpadded(out, rows, stride - end, end)].every((value) => value === 77)).toBe(true);
      }
    },
  );

  it.each([false, true])('spreads NaN over a row of x, a column of w, scratch %s', async (scratch) => {
    const given = operands(20, 8, 12);
    given.x[2 * 8 + 7] = NaN;
    given.weight[6 * 8] = NaN;
    const y = bench.empty([20, 12]);
    const [x, w] = [bench.floats(given.x, [20, 8]), bench.matrix(given.weight, 12, 8)];
    linear.forward(bench.recorder, { x, w, y, ...scratchOf({ rows: 20, scratch }) });
    const seen = [...(await bench.read(y))].map(Number.isNaN);
    expect(seen).toEqual(Array.from(seen, (_, i) => Math.floor(i / 12) === 2 || i % 12 === 6));
  });

  it('names the operand whose shape is wrong', () => {
    const w = bench.matrix(new Float32Array(12 * 8), 12, 8);
    const good = { x: bench.empty([5, 8]), w, bias: bench.empty([12]), y: bench.empty([5, 12]) };
    for (const operand of ['x', 'bias', 'residual', 'y']) {
      expectMismatch(operand, () => {
        linear.forward(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('w', () => {
      linear.forward(bench.recorder, { ...good, w: { ...w, columns: 12, rows: 8 } });
    });
    for (const column of [2, 4]) {
      expectMismatch('y', () => {
        linear.forward(bench.recorder, { ...good, column });
      });
    }
  });
});

describe('the linear input gradient kernel', () => {
  it.each(DTYPES)('multiplies with %s weights, onto dx or in its place', async (dtype) => {
    for (const way of waysFor(dtype)) {
      const { rows } = way;
      for (const [inner, outer, stride, column] of [
        [4, 1, 4, 0],
        [36, 40, 40, 0],
        [132, 35, 44, 8],
      ] as const) {
        const given = operands(rows, inner, outer, dtype);
        const expected = linear.oracle.linearInputBackward(given);
        // Before its columns the rows of dy hold other things, after an odd number of them zeros.
        const dy = padded(given.dy, rows, stride, column);
        for (let n = 0; n < rows; n++) dy.fill(NaN, n * stride, n * stride + column);
        const before = normalFloats(4)(rows * inner);
        const dx = bench.empty([rows, inner]);
        const product = {
          ...{ dy: bench.floats(dy, [rows, stride]), column, ...scratchOf(way) },
          w: bench.matrix(given.weight, outer, inner, dtype, 2),
        };
        linear.inputGrad(bench.recorder, { ...product, dx });
        expectClose(`linear.inputGrad ${dtype}`, await bench.read(dx), expected, GRADIENT);
        if (dtype !== 'f32') continue;
        const onto = bench.floats(before, [rows, inner]);
        linear.inputGrad(bench.recorder, { ...product, dx: onto, accumulate: true });
        const sum = expected.map((value, i) => value + before[i]);
        expectClose('linear.inputGrad onto dx', await bench.read(onto), sum, GRADIENT);
      }
    }
  });

  it.each([false, true])('lets a NaN of dy through, scratch %s', async (scratch) => {
    const values = new Float32Array(20 * 4);
    values[7] = NaN;
    const [dy, dx] = [bench.floats(values, [20, 4]), bench.empty([20, 8])];
    const w = bench.matrix(new Float32Array(32), 4, 8);
    linear.inputGrad(bench.recorder, { dy, w, dx, ...scratchOf({ rows: 20, scratch }) });
    const seen = [...(await bench.read(dx))].map(Number.isNaN);
    expect(seen).toEqual(Array.from(seen, (_, i) => Math.floor(i / 8) === 1));
  });

  it('names the operand whose shape is wrong', () => {
    const w = bench.matrix(new Float32Array(12 * 8), 12, 8);
    const good = { dy: bench.empty([5, 12]), w, dx: bench.empty([5, 8]) };
    for (const operand of ['dy', 'dx']) {
      expectMismatch(operand, () => {
        linear.inputGrad(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('w', () => {
      linear.inputGrad(bench.recorder, { ...good, w: { ...w, columns: 4 } });
    });
  });
});

describe('the linear weight gradient kernel', () => {
  it.each([1, 2, 3, 5, 33])('adds onto what dw and dbias hold, %i rows', async (rows) => {
    for (const [inner, outer, stride] of [
      [4, 1, 4],
      [36, 40, 40],
      [76, 35, 44],
      [132, 6, 8],
    ] as const) {
      const given = operands(rows, inner, outer);
      const { dWeight, dBias } = linear.oracle.linearWeightBackward(given);
      const normal = normalFloats(8);
      const [before, biasBefore] = [normal(outer * inner), normal(outer)];
      const dw = bench.matrix(before, outer, inner, 'f32', 3);
      const dbias = bench.floats(biasBefore);
      const dy = bench.floats(padded(given.dy, rows, stride), [rows, stride]);
      linear.weightGrad(bench.recorder, { x: bench.floats(given.x, [rows, inner]), dy, dw, dbias });
      const weights = dWeight.map((value, i) => value + before[i]);
      expectClose('linear.weightGrad dw', await bench.readMatrix(dw), weights, GRADIENT);
      const biases = dBias.map((value, i) => value + biasBefore[i]);
      expectClose('linear.weightGrad dbias', await bench.read(dbias), biases, GRADIENT);
    }
  });

  it('lets a NaN of x and of dy through', async () => {
    const dw = bench.matrix(new Float32Array(32), 4, 8);
    const x = bench.floats([NaN, ...new Float32Array(15)], [2, 8]);
    const dy = bench.floats([0, 0, 0, 0, 0, 0, 0, NaN], [2, 4]);
    linear.weightGrad(bench.recorder, { x, dy, dw });
    const seen = [...(await bench.readMatrix(dw))].map(Number.isNaN);
    expect(seen).toEqual(Array.from(seen, (_, i) => i % 8 === 0 || i >= 24));
  });

  it('names the operand whose shape is wrong, and takes float32 gradients only', () => {
    const dw = bench.matrix(new Float32Array(12 * 8), 12, 8);
    const good = { x: bench.empty([5, 8]), dy: bench.empty([5, 12]), dw, dbias: bench.empty([12]) };
    for (const operand of ['x', 'dy', 'dbias']) {
      expectMismatch(operand, () => {
        linear.weightGrad(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    for (const wrong of [{ columns: 4 }, { dtype: 'f16' as const }]) {
      expectMismatch('dw', () => {
        linear.weightGrad(bench.recorder, { ...good, dw: { ...dw, ...wrong } });
      });
    }
  });
});
