import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tokenScores from './token-scores.ts';
import { Bench, expectClose, expectMismatch, FORWARD, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

async function run(g: Float32Array, query: Float32Array): Promise<Float32Array> {
  const rows = g.length / query.length;
  const scores = bench.empty([rows]);
  const tensors = { g: bench.floats(g, [rows, query.length]), query: bench.floats(query) };
  tokenScores.forward(bench.recorder, { ...tensors, scores });
  return bench.read(scores);
}

describe('the token scores kernel', () => {
  it.each([
    [1, 4],
    [5, 64],
    [40, 132],
  ])('agrees with the oracle, %i rows of %i', async (rows, width) => {
    const normal = normalFloats(width);
    const [g, query] = [normal(rows * width), normal(width)];
    const expected = tokenScores.oracle.tokenScores({ g, query, rows, width });
    expectClose('tokenScores', await run(g, query), expected, FORWARD);
  });

  it('scores a row by its direction, from 1e-25 to 1e25, and a row of zeros 0', async () => {
    const normal = normalFloats(7);
    const [row, query] = [normal(68), normal(68)];
    const sizes = [1, 1e-25, 0, 1e-35, 1e15, 1e25];
    const g = Float32Array.from(sizes.flatMap((size) => [...row].map((value) => value * size)));
    const [score = NaN] = tokenScores.oracle.tokenScores({ g: row, query, rows: 1, width: 68 });
    const expected = sizes.map((size) => (size === 0 ? 0 : score));
    expectClose('tokenScores scaled', await run(g, query), expected, FORWARD);
  });

  it('lets a NaN through, alone in a row, among zeros or all of it', async () => {
    const g = new Float32Array(5 * 132).fill(1);
    g[131] = NaN;
    g.fill(0, 132, 264);
    g[140] = NaN;
    g.fill(NaN, 264, 396);
    g[400] = Infinity;
    const scores = await run(g, normalFloats(8)(132));
    expect([...scores].map(Number.isNaN)).toEqual([true, true, true, true, false]);
  });

  it('names the operand whose shape is wrong', () => {
    const good = { g: bench.empty([2, 8]), query: bench.empty([8]), scores: bench.empty([2]) };
    for (const operand of ['g', 'query', 'scores']) {
      expectMismatch(operand, () => {
        tokenScores.forward(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('g', () => {
      tokenScores.forward(bench.recorder, { ...good, g: bench.empty([2, 6]) });
    });
  });
});
