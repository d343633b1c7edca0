import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as layerNorm from './layer-norm.ts';
import { LANES_ALONE, TEAMS_OF_32, transposedShape, type RowTeams } from './row-teams.ts';
import {
  Bench,
  expectClose,
  expectMismatch,
  FORWARD,
  GRADIENT,
  normalFloats,
  transposed,
} from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const eps = 1e-5;

/** Whatever the adapter. */
const TEAMS = [
  { name: 'teams of 32', teams: TEAMS_OF_32 },
  { name: 'lanes alone', teams: LANES_ALONE },
];
const { layerNormBackward, layerNormForward, layerNormStats } = layerNorm.oracle;

/** Widths below, at and beyond the 128 elements that the lanes of a row take at once; rows beyond one grid dimension. */
const sizes = [
  { rows: 1, width: 4 },
  { rows: 5, width: 128 },
  { rows: 33, width: 300 },
  { rows: 2, width: 2052 },
  { rows: 65_540, width: 4 },
];

function operands(rows: number, width: number, offset = 0) {
  const normal = normalFloats(rows * 1000 + width);
  const x = normal(rows * width, 3).map((value) => value + offset);
  return { x, weight: normal(width), bias: normal(width), dy: normal(rows * width), rows, width, eps };
}

async function runForward(
  { x, weight, bias, rows, width }: Omit<ReturnType<typeof operands>, 'dy'>,
  teams: RowTeams,
) {
  const [y, stats] = [bench.empty([rows, width]), bench.empty([rows, 2])];
  const given = { x: bench.floats(x, [rows, width]), weight: bench.floats(weight) };
  const norm = { ...given, bias: bench.floats(bias), epsilon: eps, y, stats, teams };
  layerNorm.forward(bench.recorder, norm);
  return { y: await bench.read(y), stats: await bench.read(stats), tensors: { ...given, stats } };
}

describe.each(TEAMS)('the LayerNorm kernels, with $name', ({ teams }) => {
  it.each(sizes)('normalise $rows rows of $width', async ({ rows, width }) => {
    const given = operands(rows, width);
    const { y, stats } = await runForward(given, teams);
    // Rows of 4 are now and then nearly one value, and 1 / deviation with them large: the mean's rounding shows.
    const tolerance = rows > 1000 ? 1e-4 : FORWARD;
    expectClose(`layerNorm.forward y, width ${width}`, y, layerNormForward(given), tolerance);
    expectClose(`layerNorm.forward stats, width ${width}`, stats, layerNormStats(given), tolerance);
  });

  it('keep the variance of rows far from 0, where mean(x^2) - mean^2 would have lost it', async () => {
    const given = operands(5, 300, 5000);
    const { stats } = await runForward(given, teams);
    expectClose('layerNorm.forward stats, far', stats, layerNormStats(given), FORWARD);
    const deviations = Array.from({ length: 5 }, (_, n) => stats[2 * n + 1]);
    const expected = layerNormStats(given).filter((_, i) => i % 2 === 1);
    expectClose('layerNorm.forward reciprocal, far', deviations, expected, FORWARD);
  });

  it('give a row of one value its bias, and stay finite where epsilon outweighs the variance', async () => {
    const x = Float32Array.of(7, 7, 7, 7, 0, 1e-6, 0, 0);
    const given = { x, weight: Float32Array.of(1, 2, 3, 4), bias: Float32Array.of(5, 6, 7, 8) };
    const { y } = await runForward({ ...given, rows: 2, width: 4, eps }, teams);
    expect([...y.subarray(0, 4)]).toEqual([5, 6, 7, 8]);
    expectClose('layerNorm.forward y', y, layerNormForward({ ...given, rows: 2, width: 4, eps }), FORWARD);
  });

  it.each(sizes)('have the gradient of x, with and without `through`, at $rows x $width', async (size) => {
    const given = operands(size.rows, size.width);
    const shape = [size.rows, size.width];
    const through = normalFloats(5)(given.x.length);
    const expected = layerNormBackward(given);
    const { tensors } = await runForward(given, teams);
    const [dy, dx] = [bench.floats(given.dy, shape), bench.empty(shape)];
    const tolerance = size.rows > 1000 ? 1e-4 : GRADIENT;
    layerNorm.backward(bench.recorder, { ...tensors, dy, dx, teams });
    expectClose(`layerNorm.backward dx, width ${size.width}`, await bench.read(dx), expected, tolerance);
    layerNorm.backward(bench.recorder, { ...tensors, dy, dx, teams, through: bench.floats(through, shape) });
    const sum = expected.map((value, i) => value + through[i]);
    expectClose(`layerNorm.backward dx + through`, await bench.read(dx), sum, tolerance);
  });

  it('spread a NaN, and sums that overflow, over their row and no other', async () => {
    const bad = [
      [131, NaN],
      [7, 3e38], // its square overflows
      [64, -Infinity],
    ] as const;
    for (const [at, value] of bad) {
      const given = operands(3, 132);
      given.x[132 + at] = value;
      const { y, stats, tensors } = await runForward(given, teams);
      const rowOne = Array.from(y, (_, i) => i >= 132 && i < 264);
      expect([...y].map(Number.isNaN)).toEqual(rowOne);
      expect([1, 3, 5].map((i) => Number.isNaN(stats[i]))).toEqual([false, true, false]);
      const dx = bench.empty([3, 132]);
      layerNorm.backward(bench.recorder, { ...tensors, dy: bench.floats(given.dy, [3, 132]), dx, teams });
      expect([...(await bench.read(dx))].map(Number.isNaN)).toEqual(rowOne);
    }
    // The sum alone overflows: the mean is infinite.
    const given = operands(1, 128);
    const { y } = await runForward({ ...given, x: new Float32Array(128).fill(3e38) }, teams);
    expect([...y].every(Number.isNaN)).toBe(true);
  });

  it('name the operand whose shape is wrong', () => {
    const wrong = bench.empty([1, 2, 3]);
    const [x, vector, stats] = [bench.empty([2, 8]), bench.empty([8]), bench.empty([2, 2])];
    const forward = { x, weight: vector, bias: vector, y: x, stats };
    for (const operand of Object.keys(forward)) {
      expectMismatch(operand, () => {
        layerNorm.forward(bench.recorder, { ...forward, epsilon: eps, [operand]: wrong });
      });
    }
    const backward = { x, weight: vector, stats, dy: x, through: x, dx: x };
    for (const operand of Object.keys(backward)) {
      expectMismatch(operand, () => {
        layerNorm.backward(bench.recorder, { ...backward, [operand]: wrong });
      });
    }
    expectMismatch('x', () => {
      layerNorm.forward(bench.recorder, { ...forward, epsilon: eps, x: bench.empty([2, 6]) });
    });
  });
});

describe('the LayerNorm kernels, transposed,', () => {
  it.each(sizes)('give the same at $rows x $width, with zeros up to a multiple of 4 rows', async (size) => {
    const { rows, width } = size;
    const given = operands(rows, width);
    const { y, stats: expected, tensors } = await runForward(given, LANES_ALONE);
    const yT = bench.empty(transposedShape(rows, width));
    const stats = bench.empty(tensors.stats.shape);
    const bias = bench.floats(given.bias);
    layerNorm.forward(bench.recorder, { ...tensors, bias, epsilon: eps, y: yT, stats, transposed: true });
    expect(await bench.read(yT)).toEqual(transposed(y, rows, width));
    expect(await bench.read(stats)).toEqual(expected);
  });
});
