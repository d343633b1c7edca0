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
  // More heads than a workgroup turns at a time.
  { positions: [1, 0, 5], heads: 33, headDim: 8, half: 4 },
  // Some dimensions alone turn, an even and an odd number of pairs.
  { positions: [9, 0, 1, 2, 2000, 3, 3], heads: 3, headDim: 12, half: 2 },
  { positions: [1, 0, 5], heads: 5, headDim: 64, half: 16 },
  { positions: [4, 1, 3], heads: 2, headDim: 80, half: 16 },
  { positions: [9, 0, 1, 2, 2000, 3, 3], heads: 3, headDim: 12, half: 3 },
  { positions: [6, 2], heads: 3, headDim: 8, half: 1 },
  { positions: [6, 2, 1], heads: 7, headDim: 64, half: 31 },
];

/** Random queries or keys with what their oracle takes. */
function turnedOf(positions: readonly number[], heads: number, headDim: number, seed: number) {
  const rows = positions.length;
  const values = normalFloats(seed)(rows * heads * headDim);
  const x = bench.floats(values, [rows, heads * headDim]);
  return {
    values,
    given: { x, positions: bench.words(positions), heads },
    oracle: { positions, rows, heads, headDim },
  };
}

function tableOf(invFreq: Float64Array, positions: number, scale = 1) {
  const values = rotary.rotaryTable(invFreq, positions, scale);
  return bench.floats(values, [positions, invFreq.length, 2]);
}

// Whatever the adapter.
describe.each([1, 16])('the rotary kernels, %i heads at a time', (headLanes) => {
  it.each(cases)('turn $half pairs of $heads heads of $headDim forth and back', async (given) => {
    const { positions, heads, headDim, half } = given;
    const invFreq = plainInvFreq(2 * half, 10_000);
    // Fewer rows of queries than of keys, at other positions, or more; and other numbers of heads.
    const fewer = [...positions].reverse().slice(0, -1);
    const both = [
      turnedOf(positions, heads, headDim, headDim),
      turnedOf(heads % 2 === 0 ? fewer : [...positions, ...positions], Math.ceil(heads / 2), headDim, half),
    ];
    for (const [queries, keys] of [both, [...both].reverse()]) {
      const table = tableOf(invFreq, Math.max(...positions) + 1);
      const turn = { queries: queries.given, keys: keys.given, table, headDim, headLanes };
      const expectBoth = async (
        what: string,
        expected: (side: typeof queries) => Float64Array | Float32Array,
      ) => {
        for (const side of [queries, keys]) {
          expectClose(what, await bench.read(side.given.x), expected(side), FORWARD);
        }
      };
      rotary.forward(bench.recorder, turn);
      await expectBoth('rotary.forward', ({ oracle, values }) =>
        rotary.oracle.rotaryForward({ ...oracle, invFreq, x: values }),
      );
      // What does not turn is the same bits.
      const passes = (_: number, i: number) => i % headDim >= 2 * half;
      for (const { given, values } of [queries, keys]) {
        expect((await bench.read(given.x)).filter(passes)).toEqual(values.filter(passes));
      }
      rotary.backward(bench.recorder, turn);
      await expectBoth('rotary there and back', ({ values }) => values);
      rotary.backward(bench.recorder, turn);
      await expectBoth('rotary.backward', ({ oracle, values }) =>
        rotary.oracle.rotaryBackward({ ...oracle, invFreq, dy: values }),
      );
      rotary.forward(bench.recorder, turn);
    }
  });

  it.each([
    { heads: 2, headDim: 4, half: 2 },
    { heads: 2, headDim: 4, half: 1 },
  ])('reach the end of more workgroups than a grid has in a row, with $half pairs', async (given) => {
    const [rows, { heads, headDim, half }] = [33_000, given];
    const [width, invFreq] = [heads * headDim, plainInvFreq(2 * half, 10_000)];
    const row = normalFloats(half)(width);
    const all = new Float32Array(rows * width);
    for (let n = 0; n < rows; n++) all.set(row, n * width);
    const x = bench.floats(all, [rows, width]);
    const positions = bench.words(new Uint32Array(rows).fill(3));
    const keys = turnedOf([1], 1, headDim, half);
    const queries = { x, positions, heads };
    rotary.forward(bench.recorder, {
      ...{ queries, keys: keys.given, table: tableOf(invFreq, 4), headDim, headLanes },
    });
    const actual = await bench.read(x);
    const first = actual.slice(0, width);
    const shape = { positions: [3], invFreq, rows: 1, heads, headDim };
    expectClose('rotary.forward', first, rotary.oracle.rotaryForward({ ...shape, x: row }), FORWARD);
    expect(actual.findIndex((value, i) => value !== first[i % width])).toBe(-1);
  });

  it.each([3, 4])('scale what turns, forward and backward, with %i pairs', async (half) => {
    const [headDim, scale, positions] = [12, 1.2079441541679836, [5, 0, 40]];
    const invFreq = plainInvFreq(2 * half, 100);
    const table = tableOf(invFreq, 41, scale);
    for (const direction of ['forward', 'backward'] as const) {
      const queries = turnedOf(positions, 2, headDim, half);
      const keys = turnedOf(positions, 1, headDim, half + 1);
      const given = { queries: queries.given, keys: keys.given, table, headDim, headLanes };
      rotary[direction](bench.recorder, given);
      const { rotaryForward, rotaryBackward } = rotary.oracle;
      for (const { oracle, values, given: turned } of [queries, keys]) {
        const shape = { ...oracle, invFreq, scale };
        const expected =
          direction === 'forward'
            ? rotaryForward({ ...shape, x: values })
            : rotaryBackward({ ...shape, dy: values });
        expectClose(`rotary.${direction}, scaled`, await bench.read(turned.x), expected, FORWARD);
      }
    }
  });
});

describe('the rotary kernels', () => {
  it('name the operand whose shape is wrong', () => {
    const side = { x: bench.empty([2, 24]), positions: bench.words([0, 1]), heads: 3 };
    const good = { queries: side, keys: side, table: bench.empty([2, 4, 2]), headDim: 8 };
    const wrong = bench.empty([1, 2, 3]);
    for (const operand of ['queries', 'keys'] as const) {
      expectMismatch(operand, () => {
        rotary.forward(bench.recorder, { ...good, [operand]: { ...side, x: wrong } });
      });
      expectMismatch(`positions of ${operand}`, () => {
        rotary.forward(bench.recorder, { ...good, [operand]: { ...side, positions: wrong } });
      });
    }
    for (const table of [wrong, bench.empty([2, 0, 2]), bench.empty([2, 5, 2])]) {
      expectMismatch('table', () => {
        rotary.forward(bench.recorder, { ...good, table });
      });
    }
    expectMismatch('headDim', () => {
      rotary.forward(bench.recorder, { ...good, headDim: 6 });
    });
  });
});
