import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Bench,
  expectClose,
  expectMismatch,
  FORWARD,
  GRADIENT,
  normalFloats,
  transposed,
} from './testing.ts';
import * as rmsNorm from './rms-norm.ts';
import { LANES_ALONE, TEAMS_OF_32, transposedShape, type RowTeams } from './row-teams.ts';

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

/** Widths below, at and beyond the 128 elements that the lanes of a row take at once. */
const sizes = [
  { rows: 1, width: 4 },
  { rows: 5, width: 128 },
  { rows: 33, width: 300 },
];

function operands(rows: number, width: number) {
  const normal = normalFloats(rows * 1000 + width);
  return { x: normal(rows * width, 3), weight: normal(width), dy: normal(rows * width), rows, width, eps };
}

async function runForward(
  { x, weight, rows, width }: Omit<ReturnType<typeof operands>, 'dy'>,
  teams: RowTeams,
) {
  const y = bench.empty([rows, width]);
  const reciprocal = bench.empty([rows]);
  const given = { x: bench.floats(x, [rows, width]), weight: bench.floats(weight) };
  rmsNorm.forward(bench.recorder, { ...given, epsilon: eps, y, reciprocal, teams });
  return {
    y: await bench.read(y),
    reciprocal: await bench.read(reciprocal),
    tensors: { ...given, reciprocal },
  };
}

describe.each(TEAMS)('the RMSNorm kernels, with $name', ({ teams }) => {
  it.each(sizes)('normalise $rows rows of $width', async ({ rows, width }) => {
    const given = operands(rows, width);
    const { y, reciprocal } = await runForward(given, teams);
    expectClose('rmsNorm.forward y', y, rmsNorm.oracle.rmsNormForward(given), FORWARD);
    const expected = Float64Array.from({ length: rows }, (_, n) => {
      const row = given.x.subarray(n * width, (n + 1) * width);
      return 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / width + eps);
    });
    expectClose('rmsNorm.forward reciprocal', reciprocal, expected, FORWARD);
  });

  it('keep a row of zeros, and one that epsilon outweighs, finite', async () => {
    const x = new Float32Array(8);
    x[5] = 1e-6;
    const given = { x, weight: Float32Array.of(1, 2, 3, 4), rows: 2, width: 4, eps };
    const { y } = await runForward(given, teams);
    expectClose('rmsNorm.forward y', y, rmsNorm.oracle.rmsNormForward(given), FORWARD);
  });

  it.each(sizes)('have the gradient of x, with and without `through`, at $rows x $width', async (size) => {
    const given = operands(size.rows, size.width);
    const shape = [size.rows, size.width];
    const through = normalFloats(5)(given.x.length);
    const { dx: expected } = rmsNorm.oracle.rmsNormBackward(given);
    const { tensors } = await runForward(given, teams);
    const dy = bench.floats(given.dy, shape);
    const dx = bench.empty(shape);
    rmsNorm.backward(bench.recorder, { ...tensors, dy, dx, teams });
    expectClose('rmsNorm.backward dx', await bench.read(dx), expected, GRADIENT);
    rmsNorm.backward(bench.recorder, { ...tensors, dy, dx, teams, through: bench.floats(through, shape) });
    const sum = expected.map((value, i) => value + through[i]);
    expectClose('rmsNorm.backward dx + through', await bench.read(dx), sum, GRADIENT);
  });

  it.each(sizes)('add the weight gradient onto what is there, at $rows x $width', async (size) => {
    const given = operands(size.rows, size.width);
    const before = normalFloats(6)(size.width);
    const { tensors } = await runForward(given, teams);
    const dweight = bench.floats(before);
    const dy = bench.floats(given.dy, [size.rows, size.width]);
    rmsNorm.weightGrad(bench.recorder, { x: tensors.x, reciprocal: tensors.reciprocal, dy, dweight });
    const expected = rmsNorm.oracle.rmsNormBackward(given).dWeight.map((value, i) => value + before[i]);
    expectClose('rmsNorm.weightGrad', await bench.read(dweight), expected, GRADIENT);
  });

  it('spread a NaN over its row and no other', async () => {
    const given = operands(3, 132);
    given.x[132 + 131] = NaN;
    const { y } = await runForward(given, teams);
    expect([...y].map(Number.isNaN)).toEqual(Array.from(y, (_, i) => i >= 132 && i < 264));
  });

  it('name the operand whose shape is wrong', () => {
    const wrong = bench.empty([1, 2, 3]);
    const [x, vector, perRow] = [bench.empty([2, 8]), bench.empty([8]), bench.empty([2])];
    const forward = { x, weight: vector, y: x, reciprocal: perRow };
    for (const operand of Object.keys(forward)) {
      expectMismatch(operand, () => {
        rmsNorm.forward(bench.recorder, { ...forward, epsilon: eps, [operand]: wrong });
      });
    }
    const backward = { x, weight: vector, reciprocal: perRow, dy: x, through: x, dx: x };
    for (const operand of Object.keys(backward)) {
      expectMismatch(operand, () => {
        rmsNorm.backward(bench.recorder, { ...backward, [operand]: wrong });
      });
    }
    const weightGrad = { x, reciprocal: perRow, dy: x, dweight: vector };
    for (const operand of Object.keys(weightGrad)) {
      expectMismatch(operand, () => {
        rmsNorm.weightGrad(bench.recorder, { ...weightGrad, [operand]: wrong });
      });
    }
    expectMismatch('x', () => {
      rmsNorm.forward(bench.recorder, { ...forward, epsilon: eps, x: bench.empty([2, 6]) });
    });
  });
});

describe('the RMSNorm kernels, transposed,', () => {
  it.each(sizes)('give the same at $rows x $width, with zeros up to a multiple of 4 rows', async (size) => {
    const { rows, width } = size;
    const given = operands(rows, width);
    const { y, reciprocal: expected, tensors } = await runForward(given, LANES_ALONE);
    const yT = bench.empty(transposedShape(rows, width));
    const reciprocal = bench.empty(tensors.reciprocal.shape);
    rmsNorm.forward(bench.recorder, { ...tensors, epsilon: eps, y: yT, reciprocal, transposed: true });
    expect(await bench.read(yT)).toEqual(transposed(y, rows, width));
    expect(await bench.read(reciprocal)).toEqual(expected);
  });
});
