import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  { positions: [0], heads: 1, headDim: 4, half: 2 },
  { positions: [7], heads: 1, headDim: 8, half: 4 },
  // Packed sequences, in no order.
  { positions: [9, 0, 1, 2, 2000, 3, 3], heads: 3, headDim: 12, half: 6 },
  { positions: [1, 0, 5], heads: 5, headDim: 64, half: 32 },
  // Some dimensions alone turn, an even and an odd number of pairs.
  { positions: [9, 0, 1, 2, 2000, 3, 3], heads: 3, headDim: 12, half: 2 },
  { positions: [1, 0, 5], heads: 5, headDim: 64, half: 16 },
  { positions: [4, 1, 3], heads: 2, headDim: 80, half: 16 },
  { positions: [9, 0, 1, 2, 2000, 3, 3], heads: 3, headDim: 12, half: 3 },
  { positions: [6, 2], heads: 3, headDim: 8, half: 1 },
  { positions: [6, 2, 1], heads: 7, headDim: 64, half: 31 },
];

describe('the rotary kernels', () => {
  it.each(cases)('turn $half pairs of $heads heads of $headDim forth and back', async (given) => {
    const { positions, heads, headDim, half } = given;
    const [rows, invFreq] = [positions.length, plainInvFreq(2 * half, 10_000)];
    const count = Math.max(...positions) + 1;
    const values = normalFloats(headDim)(rows * heads * headDim);
    const x = bench.floats(values, [rows, heads * headDim]);
    const table = bench.floats(rotary.rotaryTable(invFreq, count), [count, half, 2]);
    const turn = { x, positions: bench.words(positions), table, heads, headDim };
    const shape = { positions, invFreq, rows, heads, headDim };
    rotary.forward(bench.recorder, turn);
    const turned = rotary.oracle.rotaryForward({ ...shape, x: values });
    const actual = await bench.read(x);
    expectClose('rotary.forward', actual, turned, FORWARD);
    // What does not turn is the same bits.
    const passes = (_: number, i: number) => i % headDim >= 2 * half;
    expect(actual.filter(passes)).toEqual(values.filter(passes));
    rotary.backward(bench.recorder, turn);
    expectClose('rotary there and back', await bench.read(x), values, FORWARD);
    rotary.backward(bench.recorder, turn);
    const back = rotary.oracle.rotaryBackward({ ...shape, dy: values });
    expectClose('rotary.backward', await bench.read(x), back, FORWARD);
  });

  it.each([
    { heads: 16, headDim: 20, half: 10 },
    { heads: 14, headDim: 12, half: 5 },
  ])('reach the end of more workgroups than a grid has in a row, with $half pairs', async (given) => {
    const [rows, { heads, headDim, half }] = [33_000, given];
    const [width, invFreq] = [heads * headDim, plainInvFreq(2 * half, 10_000)];
    const row = normalFloats(half)(width);
    const all = new Float32Array(rows * width);
    for (let n = 0; n < rows; n++) all.set(row, n * width);
    const x = bench.floats(all, [rows, width]);
    const table = bench.floats(rotary.rotaryTable(invFreq, 4), [4, half, 2]);
    const positions = bench.words(new Uint32Array(rows).fill(3));
    rotary.forward(bench.recorder, { x, positions, table, heads, headDim });
    const actual = await bench.read(x);
    const first = actual.slice(0, width);
    const shape = { positions: [3], invFreq, rows: 1, heads, headDim };
    expectClose('rotary.forward', first, rotary.oracle.rotaryForward({ ...shape, x: row }), FORWARD);
    expect(actual.findIndex((value, i) => value !== first[i % width])).toBe(-1);
  });

  it.each([3, 4])('scale what turns, forward and backward, with %i pairs', async (half) => {
    const [rows, heads, headDim, scale] = [3, 2, 12, 1.2079441541679836];
    const [positions, invFreq] = [[5, 0, 40], plainInvFreq(2 * half, 100)];
    const values = normalFloats(half)(rows * heads * headDim);
    const table = bench.floats(rotary.rotaryTable(invFreq, 41, scale), [41, half, 2]);
    const shape = { positions, invFreq, rows, heads, headDim, scale };
    for (const direction of ['forward', 'backward'] as const) {
      const x = bench.floats(values, [rows, heads * headDim]);
      rotary[direction](bench.recorder, { x, positions: bench.words(positions), table, heads, headDim });
      const { rotaryForward, rotaryBackward } = rotary.oracle;
      const expected =
        direction === 'forward'
          ? rotaryForward({ ...shape, x: values })
          : rotaryBackward({ ...shape, dy: values });
      expectClose(`rotary.${direction}, scaled`, await bench.read(x), expected, FORWARD);
    }
  });

  it('name the operand whose shape is wrong', () => {
    const good = {
      ...{ x: bench.empty([2, 24]), positions: bench.words([0, 1]), table: bench.empty([2, 4, 2]) },
      ...{ heads: 3, headDim: 8 },
    };
    for (const operand of ['x', 'positions', 'table']) {
      expectMismatch(operand, () => {
        rotary.forward(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    for (const half of [0, 5]) {
      expectMismatch('table', () => {
        rotary.forward(bench.recorder, { ...good, table: bench.empty([2, half, 2]) });
      });
    }
    expectMismatch('headDim', () => {
      rotary.forward(bench.recorder, { ...good, heads: 4, headDim: 6 });
    });
  });
});
