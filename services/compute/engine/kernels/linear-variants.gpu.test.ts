/** Every variant of the linear layer's products that the adapter can run, forced in turn, against the float64 oracle. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gpu, type GpuKind, type Numbers } from '../device/gpu.ts';
import { linearForward, linearInputBackward, linearWeightBackward } from '../oracle/linear.ts';
import { LINEAR_VARIANTS, linearVariant, numbersOf, productKey, TUNED_ROWS } from './linear-choice.ts';
import { LinearInput } from './linear-input.ts';
import { asStored, Bench, expectClose, FORWARD, GRADIENT, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  // With all that an adapter has.
  bench = await Bench.open({ numbers: 'mixed' });
});
afterAll(() => {
  bench.close();
});

/**
 * Float16 keeps 11 bits: a product of two rounded factors is off by up to 2^-10 of itself, at random, so that a sum of n is off
 * by about 2^-11 * sqrt(n) of a term, which is 2^-11 of a typical sum; three times that is seldom passed.
 */
const TOLERANCES: Record<Numbers, { forward: number; gradient: number }> = {
  f32: { forward: FORWARD, gradient: GRADIENT },
  mixed: { forward: 1.5e-3, gradient: 1.5e-3 },
};

/** Edges of tiles of 16, 32, 64 and 128 in every direction, crossed and not reached. */
const SHAPES = [
  { rows: 16, inner: 4, outer: 8 },
  { rows: 33, inner: 68, outer: 17 },
  { rows: 70, inner: 132, outer: 66 },
  { rows: 131, inner: 64, outer: 136 },
] as const;

const DTYPES = ['f32', 'f16', 'bf16'] as const;

type Shape = (typeof SHAPES)[number];

function operands({ rows, inner, outer }: Shape, dtype: (typeof DTYPES)[number]) {
  const normal = normalFloats(rows * 31 + inner * 7 + outer);
  const [weight, x] = [asStored(dtype, normal(outer * inner)), normal(rows * inner)];
  return { rows, inner, outer, weight, x, bias: normal(outer), dy: normal(rows * outer) };
}

/** Rows of so many values from column 4 on in rows of `stride`, with `fill` before and zeros behind. */
function within(values: ArrayLike<number>, rows: number, stride: number, fill: number): Float32Array {
  const columns = values.length / rows;
  const out = new Float32Array(rows * stride);
  for (let n = 0; n < rows; n++) {
    out.fill(fill, n * stride, n * stride + 4);
    for (let c = 0; c < columns; c++) out[n * stride + 4 + c] = values[n * columns + c];
  }
  return out;
}

/** The inverse of `within`. */
function taken(wide: Float32Array, rows: number, columns: number): Float32Array {
  const stride = wide.length / rows;
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    return wide[Math.floor(i / columns) * stride + 4 + (i % columns)];
  });
}

const strideFor = (outer: number): number => Math.ceil(outer / 4) * 4 + 8;

describe.each(LINEAR_VARIANTS)('the linear variant $name', (variant) => {
  const tolerance = TOLERANCES[variant.numbers];
  /** What an adapter lacks is not tested on it; the list of those that run is a test of its own, below. */
  const isMissing = (): boolean => !variant.runsOn(bench.gpu.report);

  it.each(SHAPES)('multiplies $rows x $inner into $outer columns of a wider y', async (shape) => {
    if (isMissing()) return;
    for (const dtype of DTYPES) {
      const given = operands(shape, dtype);
      const { rows, inner, outer } = given;
      const stride = strideFor(outer);
      const added = normalFloats(5)(rows * outer);
      const y = bench.floats(new Float32Array(rows * stride).fill(77), [rows, stride]);
      const x = bench.floats(given.x, [rows, inner]);
      const input = new LinearInput(bench.recorder, bench.scratch(), x);
      variant.forward(bench.recorder, bench.scratch(), {
        ...{ rows, inner, y, column: 4, input },
        ...{ bias: bench.floats(given.bias), w: bench.matrix(given.weight, outer, inner, dtype, 3) },
        residual: bench.floats(within(added, rows, stride, 0), [rows, stride]),
      });
      input.end();
      const wide = await bench.read(y);
      const sums = linearForward(given).map((value, i) => value + added[i]);
      expectClose(`${variant.name} forward ${dtype}`, taken(wide, rows, outer), sums, tolerance.forward);
      const [before, behind] = [wide.subarray(0, 4), wide.subarray(stride - 4, stride)];
      expect([...before, ...behind]).toEqual(new Array<number>(8).fill(77));
    }
  });

  it.each(SHAPES)('takes $outer columns of dy back to $inner, $rows rows', async (shape) => {
    if (isMissing()) return;
    for (const dtype of DTYPES) {
      const given = operands(shape, dtype);
      const { rows, inner, outer } = given;
      const stride = strideFor(outer);
      const before = normalFloats(4)(rows * inner);
      const product = {
        ...{ rows, inner, column: 4, w: bench.matrix(given.weight, outer, inner, dtype, 2) },
        dy: bench.floats(within(given.dy, rows, stride, NaN), [rows, stride]),
      };
      const [fresh, onto] = [bench.empty([rows, inner]), bench.floats(before, [rows, inner])];
      const scratch = bench.scratch();
      variant.inputGrad(bench.recorder, scratch, { ...product, dx: fresh, accumulate: false });
      variant.inputGrad(bench.recorder, scratch, { ...product, dx: onto, accumulate: true });
      const expected = linearInputBackward(given);
      const sums = expected.map((value, i) => value + before[i]);
      expectClose(`${variant.name} dx ${dtype}`, await bench.read(fresh), expected, tolerance.gradient);
      expectClose(`${variant.name} onto dx`, await bench.read(onto), sums, tolerance.gradient);
    }
  });

  it.each(SHAPES)('adds the weight gradient of $rows rows, $outer x $inner', async (shape) => {
    if (isMissing()) return;
    const given = operands(shape, 'f32');
    const { rows, inner, outer } = given;
    const before = normalFloats(8)(outer * inner);
    const dw = bench.matrix(before, outer, inner, 'f32', 3);
    const wide = Math.ceil(outer / 4) * 4;
    const dy = new Float32Array(rows * wide);
    for (let n = 0; n < rows; n++) dy.set(given.dy.subarray(n * outer, (n + 1) * outer), n * wide);
    variant.weightGrad(bench.recorder, {
      ...{ rows, inner, x: bench.floats(given.x, [rows, inner]), dw, dy: bench.floats(dy, [rows, wide]) },
    });
    const sums = linearWeightBackward(given).dWeight.map((value, i) => value + before[i]);
    expectClose(`${variant.name} dw`, await bench.readMatrix(dw), sums, tolerance.gradient);
  });
});

const PRODUCT = { way: 'forward', rows: 512, inner: 64, columns: 128, dtype: 'f32' } as const;

function kind(asked: Partial<GpuKind>): GpuKind {
  const { report } = bench.gpu;
  return { report, linear: undefined, numbers: 'f32', tuned: new Map(), ...asked };
}

describe('the choice of a linear variant', () => {
  it('has on a software adapter all that needs no matrix units', () => {
    const running = LINEAR_VARIANTS.filter((variant) => variant.runsOn(bench.gpu.report)).map(
      ({ name }) => name,
    );
    if (bench.gpu.report.subgroupSize === 8) expect(running).toContain('broadcast');
    expect(running).toEqual(expect.arrayContaining(['staged-64', 'outer']));
  });

  it('takes the one that is named, and names those there are where it cannot', async () => {
    const gpu = await Gpu.open({ linear: 'outer' });
    try {
      expect(linearVariant(gpu, PRODUCT).name).toBe('outer');
      expect(() => linearVariant(kind({ linear: 'fastest' }), PRODUCT)).toThrow(
        /"fastest" names no variant .* can run/,
      );
    } finally {
      gpu.close();
    }
  });

  it('never takes float16 unasked', () => {
    expect(linearVariant(kind({}), PRODUCT).numbers).toBe('f32');
    expect(numbersOf(kind({}))).toBe('f32');
  });

  it('takes float16 where it is asked for, and says that an adapter has none', () => {
    const mixed = kind({ numbers: 'mixed' });
    expect(linearVariant(mixed, PRODUCT).numbers).toBe('mixed');
    expect(numbersOf(mixed)).toBe('mixed');
    expect(numbersOf(kind({ linear: 'staged-64-f16' }))).toBe('mixed');
    const none = { ...mixed, report: { ...mixed.report, features: [] } };
    expect(() => linearVariant(none, PRODUCT)).toThrow(/no float16 in shaders/);
  });

  it('takes what was found the fastest for a product of many rows, unless another is named', () => {
    const tuned = new Map([[productKey(PRODUCT), 'staged-128']]);
    expect(linearVariant(kind({ tuned }), PRODUCT).name).toBe('staged-128');
    expect(linearVariant(kind({ tuned }), { ...PRODUCT, rows: TUNED_ROWS - 1 }).name).not.toBe('staged-128');
    expect(linearVariant(kind({ tuned }), { ...PRODUCT, dtype: 'f16' }).name).not.toBe('staged-128');
    expect(linearVariant(kind({ tuned, linear: 'outer' }), PRODUCT).name).toBe('outer');
  });
});
