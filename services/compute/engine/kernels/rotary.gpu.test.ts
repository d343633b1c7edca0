import { afterAll, beforeAll, describe, it } from 'vitest';
import { plainInvFreq } from '../oracle/rotary.ts';
import * as rotary from './rotary.ts';
import { Bench, expectClose, expectMismatch, FORWARD, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const cases = [
  { positions: [0], heads: 1, headDim: 4 },
  { positions: [7], heads: 1, headDim: 8 },
  // Packed sequences, in no order.
  { positions: [9, 0, 1, 2, 2000, 3, 3], heads: 3, headDim: 12 },
  { positions: [1, 0, 5], heads: 5, headDim: 64 },
];

describe('the rotary kernel', () => {
  it.each(cases)('turns $heads heads of $headDim forth and back', async ({ positions, heads, headDim }) => {
    const [rows, invFreq] = [positions.length, plainInvFreq(headDim, 10_000)];
    const count = Math.max(...positions) + 1;
    const values = normalFloats(headDim)(rows * heads * headDim);
    const x = bench.floats(values, [rows, heads * headDim]);
    const table = bench.floats(rotary.rotaryTable(invFreq, count), [count, headDim / 2, 2]);
    const turn = { x, positions: bench.words(positions), table, heads, headDim };
    const shape = { positions, invFreq, rows, heads, headDim };
    rotary.forward(bench.recorder, turn);
    const turned = rotary.oracle.rotaryForward({ ...shape, x: values });
    expectClose('rotary.forward', await bench.read(x), turned, FORWARD);
    rotary.backward(bench.recorder, turn);
    expectClose('rotary there and back', await bench.read(x), values, FORWARD);
    rotary.backward(bench.recorder, turn);
    const back = rotary.oracle.rotaryBackward({ ...shape, dy: values });
    expectClose('rotary.backward', await bench.read(x), back, FORWARD);
  });

  it('names the operand whose shape is wrong', () => {
    const good = {
      ...{ x: bench.empty([2, 24]), positions: bench.words([0, 1]), table: bench.empty([2, 4, 2]) },
      ...{ heads: 3, headDim: 8 },
    };
    for (const operand of ['x', 'positions', 'table']) {
      expectMismatch(operand, () => {
        rotary.forward(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('headDim', () => {
      rotary.forward(bench.recorder, { ...good, heads: 4, headDim: 6 });
    });
  });
});
