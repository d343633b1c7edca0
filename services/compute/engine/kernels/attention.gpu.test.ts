import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as attention from './attention.ts';
import {
  check,
  checkForward,
  oracleOptions,
  packed,
  randomValues,
  runBackward,
  runForward,
  runningVariants,
  tensors,
} from './attention-testing.ts';
import { Bench, expectClose, expectMismatch, FORWARD, normalFloats } from './testing.ts';

describe.each(await runningVariants())('the attention kernels, $name', (variant) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.open({ attention: variant.name });
  });
  afterAll(() => {
    bench.close();
  });

  // A block holds 32 queries: lengths below, at, and beyond one and two of them.
  const many = Array.from({ length: 33 }, (_, b) => 1 + ((b * 7) % 20));
  it.each([
    { name: 'one token', lengths: [1], heads: 1, kvHeads: 1, headDim: 4 },
    { name: 'one sequence, one head', lengths: [35], heads: 1, kvHeads: 1, headDim: 4 },
    { name: 'grouped heads', lengths: [3, 1, 32, 33, 70], heads: 6, kvHeads: 2, headDim: 8 },
    { name: '33 sequences', lengths: many, heads: 2, kvHeads: 1, headDim: 4 },
    { name: 'wide heads', lengths: [21, 2], heads: 2, kvHeads: 2, headDim: 64 },
    // Heads and groups that fill no tile, and a block of all 32 queries for each head of a group.
    { name: 'odd heads', lengths: [9, 40], heads: 3, kvHeads: 1, headDim: 12 },
    { name: 'a large group', lengths: [13, 33, 1], heads: 7, kvHeads: 1, headDim: 20 },
    { name: 'three heads to a key', lengths: [64, 5], heads: 6, kvHeads: 2, headDim: 64 },
    { name: 'heads between tiles', lengths: [38, 3], heads: 2, kvHeads: 1, headDim: 80 },
  ])('agree with the oracle: $name, $heads/$kvHeads heads of $headDim', async ({ lengths, ...shape }) => {
    const rows = packed(lengths);
    await check(bench, shape, rows, randomValues(shape, rows));
  });

  it('survive scores up to 100 in magnitude, where a plain softmax overflows', async () => {
    const shape = { heads: 2, kvHeads: 1, headDim: 4 };
    const rows = packed([19, 1, 30]);
    const { q, k, v } = randomValues(shape, rows);
    // Whole numbers up to 7, so that the scores themselves are exact.
    const whole = (values: Float32Array) => values.map((x) => Math.max(-7, Math.min(7, Math.round(9 * x))));
    const values = { q: whole(q), k: whole(k), v };
    const { lse } = attention.oracle.attentionForward(oracleOptions(shape, rows, values));
    expect(Math.max(...lse)).toBeGreaterThan(80);
    expect(Math.min(...lse)).toBeLessThan(-10);
    await check(bench, shape, rows, values);
  });

  it.each([8, 64])(
    'take blocks of few queries, and give them the bits of any block: headDim %i',
    async (headDim) => {
      const shape = { heads: 4, kvHeads: 2, headDim };
      const runs = [
        { firstQuery: 0, count: 1, firstKey: 0, visible: 38 },
        { firstQuery: 1, count: 8, firstKey: 40, visible: 3 },
        { firstQuery: 9, count: 3, firstKey: 80, visible: 0 },
      ];
      const rows = { queryRows: 12, keyRows: 120, runs };
      const given = await checkForward(bench, shape, rows, randomValues(shape, rows));
      const few = [await bench.read(given.out), await bench.read(given.lse)];
      attention.forward(bench.recorder, { ...given, longest: attention.BLOCK_QUERIES });
      expect([await bench.read(given.out), await bench.read(given.lse)]).toEqual(few);
    },
  );

  it('leave out blocks of no queries', async () => {
    const shape = { heads: 4, kvHeads: 2, headDim: 8 };
    const rows = packed([33, 7]);
    const given = await checkForward(bench, shape, rows, randomValues(shape, rows));
    const full = [await bench.read(given.out), await bench.read(given.lse)];
    const words = attention.planBlocks(rows.runs);
    const more = bench.words(
      [...words, ...[40, 0, 33, 7, 40]],
      [words.length / attention.BLOCK_WORDS + 1, attention.BLOCK_WORDS],
    );
    const again = {
      ...given,
      blocks: more,
      out: bench.empty(given.out.shape),
      lse: bench.empty(given.lse.shape),
    };
    attention.forward(bench.recorder, again);
    expect([await bench.read(again.out), await bench.read(again.lse)]).toEqual(full);
    const dOut = normalFloats(3)(33 * 32 + 7 * 32);
    expect(await runBackward(bench, again, dOut)).toEqual(await runBackward(bench, given, dOut));
  });

  it('let queries attend to a cache, and to none of the memory between sequences', async () => {
    const shape = { heads: 6, kvHeads: 2, headDim: 8 };
    const runs = [
      { firstQuery: 0, count: 1, firstKey: 0, visible: 38 },
      { firstQuery: 1, count: 1, firstKey: 40, visible: 0 },
      { firstQuery: 2, count: 18, firstKey: 80, visible: 5 },
      { firstQuery: 20, count: 1, firstKey: 120, visible: 16 },
    ];
    const rows = { queryRows: 21, keyRows: 160, runs };
    const values = randomValues(shape, rows);
    const oracle = oracleOptions(shape, rows, { q: values.q, k: values.k.slice(), v: values.v.slice() });
    for (const { firstKey, visible, count } of runs) {
      for (const cache of [values.k, values.v]) {
        cache.fill(NaN, (firstKey + visible + count) * 16, (firstKey + 40) * 16);
      }
    }
    const { out, lse } = await runForward(bench, shape, rows, values);
    const expected = attention.oracle.attentionForward(oracle);
    expectClose('attention with a cache out', out, expected.out, FORWARD);
    expectClose('attention with a cache lse', lse, expected.lse, FORWARD);
  });

  it.each(['q', 'k', 'v'] as const)('let a NaN of %s through, within its sequence', async (operand) => {
    const shape = { heads: 1, kvHeads: 1, headDim: 4 };
    const rows = packed([20, 20]);
    const values = randomValues(shape, rows);
    values[operand][30 * 4] = NaN;
    const { out, lse } = await runForward(bench, shape, rows, values);
    expect(out.subarray(0, 20 * 4).some(Number.isNaN)).toBe(false);
    const sees = operand === 'q' ? [30] : [30, 31, 35, 39];
    for (const row of sees) {
      expect(out[row * 4]).toBeNaN();
      if (operand !== 'v') expect(lse[row]).toBeNaN();
    }
  });

  it('name the operand whose shape is wrong', () => {
    const shape = { heads: 4, kvHeads: 2, headDim: 8 };
    const rows = packed([5]);
    const good = tensors(bench, shape, rows, randomValues(shape, rows));
    const wrong = bench.empty([1, 2, 3]);
    for (const operand of ['q', 'k', 'v', 'out', 'lse', 'blocks']) {
      expectMismatch(operand, () => {
        attention.forward(bench.recorder, { ...good, [operand]: wrong });
      });
    }
    const backward = {
      ...{ ...good, dout: good.q, dq: good.q, dk: good.k, dv: good.k, delta: good.lse },
    };
    for (const operand of ['q', 'k', 'v', 'out', 'lse', 'blocks', 'dout', 'dq', 'dk', 'dv', 'delta']) {
      expectMismatch(operand, () => {
        attention.backward(bench.recorder, { ...backward, [operand]: wrong });
      });
    }
    expectMismatch('headDim', () => {
      attention.forward(bench.recorder, { ...good, headDim: 6 });
    });
    expectMismatch('heads', () => {
      attention.forward(bench.recorder, { ...good, kvHeads: 3 });
    });
  });
});

describe('planBlocks', () => {
  it('cuts runs into blocks of at most 32 queries of one sequence', () => {
    const words = attention.planBlocks([
      { firstQuery: 0, count: 65, firstKey: 0, visible: 0 },
      { firstQuery: 65, count: 1, firstKey: 50, visible: 9 },
    ]);
    expect([...words]).toEqual([
      ...[0, 32, 0, 0, 65],
      ...[32, 32, 0, 32, 65],
      ...[64, 1, 0, 64, 65],
      ...[65, 1, 50, 9, 66],
    ]);
    // 65 * 66 / 2 pairs, and 10; two operations each.
    expect(attention.scoreWork(words)).toBe(2 * (2145 + 10));
  });
});
