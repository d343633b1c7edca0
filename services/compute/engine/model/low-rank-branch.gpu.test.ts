/** A linear layer with its low-rank branch, as training runs it, against the float64 oracle. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { matrixRows } from '../device/tensor.ts';
import { Bench, expectClose, FORWARD, GRADIENT, normalFloats } from '../kernels/testing.ts';
import { lowRankBackward, lowRankForward } from '../oracle/low-rank.ts';
import { branchGradients } from './low-rank-branch.ts';
import { project, projectBack } from './projection.ts';
import type { Projection } from './weights.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const SEED = 99;

describe('a layer with a low-rank branch', () => {
  it.each([
    { rows: 3, inner: 12, outer: 8, rank: 4, dropout: 0 },
    { rows: 3, inner: 20, outer: 8, rank: 4, dropout: 0.5 },
    { rows: 37, inner: 64, outer: 40, rank: 8, dropout: 0 },
    { rows: 70, inner: 44, outer: 64, rank: 12, dropout: 0.25 },
  ])(
    'is as the oracle: rows $rows, $inner to $outer, rank $rank, dropout $dropout',
    async ({ rows, inner, outer, rank, dropout }) => {
      const normal = normalFloats(rows + rank);
      const [x, w, a] = [normal(rows * inner), normal(outer * inner), normal(rank * inner)];
      // The layer's rows of B lie below those of a layer that it is fused with.
      const [b, residual, dy] = [normal(outer * rank), normal(rows * outer), normal(rows * outer)];
      const scale = 1.7;
      const parts = [0, outer / 2].map((first) => ({
        w: bench.matrix(w.subarray(first * inner, (first + outer / 2) * inner), outer / 2, inner, 'f32', 1),
        bias: undefined,
      }));
      const lowRank = {
        ...{ a: bench.matrix(a, rank, inner), b: bench.matrix(b, outer, rank, 'f32', 4) },
        ...{ scale, dropout, stream: 3 },
      };
      const projection: Projection = { name: 'q', parts, inputs: inner, outputs: outer, lowRank };
      const work = { recorder: bench.recorder, scope: bench.scratch(), dropoutSeed: SEED };
      const mask = dropout === 0 ? undefined : { rate: dropout, seed: SEED, stream: 3 };
      const shape = { x, weight: w, a, b, scale, mask, rows, inner, outer, rank };

      const y = bench.empty([rows, outer]);
      const xs = bench.floats(x, [rows, inner]);
      project(work, projection, xs, y, bench.floats(residual, [rows, outer]));
      const expected = lowRankForward(shape).map((value, i) => value + residual[i]);
      expectClose('y', await bench.read(y), expected, FORWARD);

      const dys = bench.floats(dy, [rows, outer]);
      const dx = bench.empty([rows, inner]);
      projectBack(work, projection, dys, dx);
      const gradients = lowRankBackward(shape, dy);
      expectClose('dx', await bench.read(dx), gradients.dx, GRADIENT);

      const already = normal(outer * rank);
      const da = bench.matrix(new Float32Array(rank * inner), rank, inner);
      const db = bench.matrix(already, outer, rank, 'f32', 4);
      branchGradients(work, lowRank, { x: xs, dy: dys }, { a: da, b: matrixRows(db, 0, outer) });
      expectClose('da', await bench.readMatrix(da), gradients.da, GRADIENT);
      const sum = gradients.db.map((value, i) => value + already[i]);
      expectClose('db', await bench.readMatrix(db), sum, GRADIENT);
    },
  );

  it('drops nothing while no seed is given', async () => {
    const normal = normalFloats(5);
    const shape = { rows: 4, inner: 8, outer: 8, rank: 4, scale: 0.5 };
    const [x, weight, a, b] = [normal(32), normal(64), normal(32), normal(32)];
    const lowRank = {
      ...{ a: bench.matrix(a, 4, 8), b: bench.matrix(b, 8, 4) },
      ...{ scale: shape.scale, dropout: 0.5, stream: 0 },
    };
    const parts = [{ w: bench.matrix(weight, 8, 8), bias: undefined }];
    const y = bench.empty([4, 8]);
    const work = { recorder: bench.recorder, scope: bench.scratch() };
    project(work, { name: 'q', parts, inputs: 8, outputs: 8, lowRank }, bench.floats(x, [4, 8]), y);
    expectClose('y', await bench.read(y), lowRankForward({ ...shape, x, weight, a, b }), FORWARD);
  });
});
