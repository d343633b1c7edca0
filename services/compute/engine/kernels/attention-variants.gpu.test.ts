/** What model families change about attention: a sliding window, a soft cap, a scale of their own, wide heads. By every variant. */
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
  type Variant,
} from './attention-testing.ts';
import { Bench, expectClose, FORWARD, GRADIENT, normalFloats } from './testing.ts';

const GROUPED = { heads: 6, kvHeads: 2, headDim: 8 };
// A block holds 32 queries: sequences within one, at its end, and over several.
const SEQUENCES = packed([3, 1, 32, 33, 110, 70]);

describe.each(await runningVariants())('by $name', (variant) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.open({ attention: variant.name });
  });
  afterAll(() => {
    bench.close();
  });

  describe('a sliding window', () => {
    it('of one key gives every query its own value, and gradients of the values alone', async () => {
      const shape = { ...GROUPED, window: 1 };
      const values = randomValues(shape, SEQUENCES);
      const { given, out } = await runForward(bench, shape, SEQUENCES, values);
      const dOut = normalFloats(3)(values.q.length);
      const { dq, dk, dv } = await runBackward(bench, given, dOut);
      const oracle = { ...oracleOptions(shape, SEQUENCES, values), dOut };
      expectClose('attention to oneself out', out, attention.oracle.attentionForward(oracle).out, FORWARD);
      expectClose('attention to oneself dv', dv, attention.oracle.attentionBackward(oracle).dv, GRADIENT);
      // Exactly 0 but for rounding.
      for (const gradient of [dq, dk]) expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-5);
    });

    it.each([5, 12, 32, 33, 64, 109, 110, 5000, 2 ** 40])(
      'of %i keys agrees with the oracle, forward and backward',
      async (window) => {
        await check(bench, { ...GROUPED, window }, SEQUENCES, randomValues(GROUPED, SEQUENCES));
      },
    );

    it.each([1, 5, 12, 32, 33, 200])('of %i keys agrees with the oracle over a cache', async (window) => {
      const runs = [
        { firstQuery: 0, count: 1, firstKey: 0, visible: 38 },
        { firstQuery: 1, count: 1, firstKey: 40, visible: 0 },
        { firstQuery: 2, count: 58, firstKey: 80, visible: 35 },
        { firstQuery: 60, count: 1, firstKey: 180, visible: 16 },
      ];
      const rows = { queryRows: 61, keyRows: 200, runs };
      await checkForward(bench, { ...GROUPED, window }, rows, randomValues(GROUPED, rows));
    });

    it('wider than every sequence gives the bits of no window', async () => {
      const values = randomValues(GROUPED, SEQUENCES);
      const plain = await runForward(bench, GROUPED, SEQUENCES, values);
      const wide = await runForward(bench, { ...GROUPED, window: 110 }, SEQUENCES, values);
      expect(wide.out).toEqual(plain.out);
      expect(wide.lse).toEqual(plain.lse);
      const dOut = normalFloats(3)(values.q.length);
      expect(await runBackward(bench, wide.given, dOut)).toEqual(await runBackward(bench, plain.given, dOut));
    });

    it.each([{}, { softcap: 2 }])('gives a token in decoding the bits of the packed pass %j', async (cap) => {
      const shape = { ...GROUPED, ...cap, window: 21 };
      const rows = packed([90]);
      const values = randomValues(shape, rows);
      const whole = await runForward(bench, shape, rows, values);
      for (const position of [0, 20, 21, 37, 63, 64, 89]) {
        const width = shape.heads * shape.headDim;
        const q = values.q.slice(position * width, (position + 1) * width);
        const runs = [{ firstQuery: 0, count: 1, firstKey: 0, visible: position }];
        const one = await runForward(bench, shape, { queryRows: 1, keyRows: 90, runs }, { ...values, q });
        expect(one.out).toEqual(whole.out.slice(position * width, (position + 1) * width));
      }
    });

    it('visits no keys before it, nor queries after it', async () => {
      // NaN in what is outside would stay NaN even at weight 0: the queries of the last block see keys from 96 - 11 on, and
      // kernels walk in fours from 84.
      const shape = { ...GROUPED, window: 12 };
      const rows = packed([128]);
      const values = randomValues(shape, rows);
      const clean = await runForward(bench, shape, rows, values);
      const keys = shape.kvHeads * shape.headDim;
      const broken = { ...values, k: values.k.slice(), v: values.v.slice() };
      broken.k.fill(NaN, 0, 84 * keys);
      broken.v.fill(NaN, 0, 84 * keys);
      const width = shape.heads * shape.headDim;
      const forward = await runForward(bench, shape, rows, broken);
      expect(forward.out.slice(96 * width)).toEqual(clean.out.slice(96 * width));
      // The keys of the first block are seen by queries up to 31 + 11.
      const dOut = normalFloats(3)(values.q.length);
      const expected = await runBackward(bench, clean.given, dOut);
      dOut.fill(NaN, 43 * width);
      const actual = await runBackward(bench, clean.given, dOut);
      expect(actual.dk.slice(0, 32 * keys)).toEqual(expected.dk.slice(0, 32 * keys));
      expect(actual.dv.slice(0, 32 * keys)).toEqual(expected.dv.slice(0, 32 * keys));
      expect(actual.dk.slice(32 * keys, 64 * keys).some(Number.isNaN)).toBe(true);
    });
  });

  describe('a soft cap', () => {
    it.each([
      { softcap: 50, spread: 1 },
      // Scores up to some hundreds: most are at the cap.
      { softcap: 50, spread: 60 },
      { softcap: 2, spread: 1 },
      { softcap: 2, spread: 4 },
      { softcap: 0.1, spread: 1 },
    ])('of $softcap agrees with the oracle, scores times $spread', async ({ softcap, spread }) => {
      await check(bench, { ...GROUPED, softcap }, SEQUENCES, randomValues(GROUPED, SEQUENCES, spread));
    });

    it('bounds scores that overflow float32, and keeps NaN', async () => {
      const shape = { heads: 1, kvHeads: 1, headDim: 4, softcap: 50 };
      const rows = packed([2, 2]);
      const q = new Float32Array(16).fill(3e30);
      const k = Float32Array.of(1e30, 1e30, 1e30, 1e30, -1e30, -1e30, -1e30, -1e30, 1, 1, 1, 1, NaN, 1, 1, 1);
      const v = Float32Array.from({ length: 16 }, (_, i) => i);
      const { out, lse } = await runForward(bench, shape, rows, { q, k, v });
      expect(lse[0]).toBe(50);
      expect(lse[1]).toBe(50);
      expect([...out.slice(0, 8)]).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
      expect(out[12]).toBeNaN();
      expect(lse[3]).toBeNaN();
    });
  });

  describe('attention of model families', () => {
    const variants: readonly { name: string; variant: Variant }[] = [
      { name: 'a scale of its own', variant: { scale: 0.3 } },
      { name: 'scale, cap and window', variant: { scale: 0.0625, softcap: 2, window: 12 } },
      { name: 'cap and window over blocks', variant: { softcap: 50, window: 33 } },
    ];
    it.each(variants)('agrees with the oracle: $name', async ({ variant }) => {
      await check(bench, { ...GROUPED, ...variant }, SEQUENCES, randomValues(GROUPED, SEQUENCES, 4));
    });

    it.each([8, 16, 64, 128, 256, 260])('agrees with the oracle at headDim %i', async (headDim) => {
      const shape = { heads: 2, kvHeads: 1, headDim };
      const rows = packed([45, 2, 37]);
      const values = randomValues(shape, rows, 3);
      await check(bench, { ...shape, scale: 1 / 12, softcap: 5, window: 17 }, rows, values);
    });

    it('names what means nothing', () => {
      const rows = packed([5]);
      const good = tensors(bench, GROUPED, rows, randomValues(GROUPED, rows));
      const bad: readonly [Variant, RegExp][] = [
        [{ window: 0 }, /window 0/],
        [{ window: 2.5 }, /window 2\.5/],
        [{ scale: NaN }, /scale NaN/],
        [{ softcap: 0 }, /soft cap of attention scores is 0/],
        [{ softcap: Infinity }, /soft cap of attention scores is Infinity/],
      ];
      for (const [variant, message] of bad) {
        expect(() => {
          attention.forward(bench.recorder, { ...good, ...variant });
        }).toThrow(message);
      }
    });
  });
});

describe('scoreWork', () => {
  it('counts the pairs that a window leaves', () => {
    const words = attention.planBlocks([
      { firstQuery: 0, count: 65, firstKey: 0, visible: 0 },
      { firstQuery: 65, count: 1, firstKey: 50, visible: 9 },
    ]);
    for (const window of [1, 5, 32, 33, 64, 65, 1000]) {
      let pairs = Math.min(10, window);
      for (let position = 0; position < 65; position++) pairs += Math.min(position + 1, window);
      expect(attention.scoreWork(words, window)).toBe(2 * pairs);
    }
  });
});
