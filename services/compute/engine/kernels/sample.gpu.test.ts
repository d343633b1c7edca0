import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../../lib/random.ts';
import { sample } from './sample.ts';
import * as kernel from './sample.ts';
import { oracle as softcap } from './softcap.ts';
import { Bench, expectMismatch, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

/** Draws one id a row from rows of `columns` logits (padded to a longer stride with NaN). */
async function choose(
  logits: Float32Array,
  columns: number,
  temperature: number,
  draws: ArrayLike<number>,
  cap?: number,
): Promise<number[]> {
  const rows = logits.length / columns;
  const stride = columns + 3;
  const padded = new Float32Array(rows * stride).fill(NaN);
  for (let r = 0; r < rows; r++) padded.set(logits.subarray(r * columns, (r + 1) * columns), r * stride);
  const ids = bench.empty([rows], 'u32');
  const history = bench.words(new Uint32Array(3 * rows).fill(9), [3, rows]);
  const lines = Float32Array.from([
    ...new Float32Array(rows),
    ...Array.from(draws),
    ...new Float32Array(rows),
  ]);
  sample(bench.recorder, {
    ...{ logits: bench.floats(padded, [rows, stride]), columns, temperature, cap, step: 1 },
    ...{ draws: bench.floats(lines, [3, rows]), ids, history },
  });
  const chosen = [...(await bench.readWords(ids))];
  const kept = [...(await bench.readWords(history))];
  const untouched = new Array<number>(rows).fill(9);
  expect(kept).toEqual([...untouched, ...chosen, ...untouched]);
  return chosen;
}

function float32Draws(count: number): Float32Array {
  const random = new Random(4);
  // 24 bits, so that none rounds up to 1.
  return Float32Array.from({ length: count }, () => random.int(2 ** 24) / 2 ** 24);
}

describe('greedy choice', () => {
  it.each([1, 2, 31, 33, 512, 1001])(
    'takes the largest of %i logits, of equals the lowest id',
    async (columns) => {
      const normal = normalFloats(columns);
      // Rounded to quarters: many ties.
      const logits = normal(20 * columns).map((value) => Math.round(value * 4) / 4);
      const expected = Array.from({ length: 20 }, (_, r) =>
        kernel.oracle.argmax(logits.subarray(r * columns, (r + 1) * columns)),
      );
      expect(await choose(logits, columns, 0, new Float32Array(20))).toEqual(expected);
    },
  );

  it('finds a largest logit that is negative, impossible ids among the rest', async () => {
    const logits = new Float32Array(40).fill(-Infinity);
    logits[37] = -1e30;
    logits[38] = -1e30;
    expect(await choose(logits, 40, 0, [0])).toEqual([37]);
    expect(await choose(new Float32Array(40).fill(-5), 40, 0, [0])).toEqual([0]);
  });
});

/** How many ids are not those that the oracle picks, all of them for draws that fall on the boundary of two ids. */
function differences(
  logits: ArrayLike<number>,
  temperature: number,
  draws: Float32Array,
  chosen: readonly number[],
): number {
  const columns = logits.length / draws.length;
  let close = 0;
  for (const [r, uniform] of draws.entries()) {
    const row = Float64Array.from({ length: columns }, (_, c) => logits[r * columns + c]);
    const id = chosen[r];
    if (id === kernel.oracle.sample({ logits: row, uniform, temperature })) continue;
    const probabilities = kernel.oracle.sampleDistribution({ logits: row, temperature });
    const below = probabilities.subarray(0, id).reduce((sum, p) => sum + p, 0);
    expect(uniform).toBeGreaterThan(below - 1e-5);
    expect(uniform).toBeLessThan(below + probabilities[id] + 1e-5);
    close += 1;
  }
  return close;
}

describe('drawing', () => {
  it.each([
    { columns: 1, temperature: 1 },
    { columns: 5, temperature: 1 },
    { columns: 33, temperature: 0.3 },
    { columns: 512, temperature: 1.7 },
    { columns: 1001, temperature: 1 },
  ])('picks the ids that the oracle picks, $columns at temperature $temperature', async (given) => {
    const { columns, temperature } = given;
    const rows = 200;
    const logits = normalFloats(columns)(rows * columns, 3);
    const draws = float32Draws(rows);
    draws.set([0, 1 - 2 ** -24]);
    const chosen = await choose(logits, columns, temperature, draws);
    expect(differences(logits, temperature, draws, chosen)).toBeLessThan(rows / 50);
  });

  it.each([
    { columns: 33, temperature: 0.3, cap: 2 },
    { columns: 512, temperature: 1, cap: 30 },
  ])('picks the ids that the oracle picks of capped logits: $columns, $temperature, $cap', async (given) => {
    const { columns, temperature, cap } = given;
    const logits = normalFloats(columns)(200 * columns, cap);
    const draws = float32Draws(200);
    const capped = Float64Array.from(logits, (z) => softcap.softcap(z, cap));
    const chosen = await choose(logits, columns, temperature, draws, cap);
    expect(differences(capped, temperature, draws, chosen)).toBeLessThan(4);
    expect(chosen).not.toEqual(await choose(logits, columns, temperature, draws));
    const greedy = await choose(logits, columns, 0, draws, cap);
    expect(greedy).toEqual(await choose(logits, columns, 0, draws));
  });

  it('draws of an infinite logit what the cap leaves of it', async () => {
    const draws = [0.1, 0.5, 0.9];
    const row = [-Infinity, Infinity, 4];
    const logits = Float32Array.from([...row, ...row, ...row]);
    expect(await choose(logits, 3, 1, draws, 0.01)).toEqual([0, 1, 2]);
  });

  it('draws each id as often as its probability says', async () => {
    const columns = 70;
    const row = normalFloats(9)(columns, 2);
    const count = 5000;
    const logits = new Float32Array(count * columns);
    for (let r = 0; r < count; r++) logits.set(row, r * columns);
    const draws = Float32Array.from({ length: count }, (_, r) => (r + 0.5) / count);
    const shares = new Float64Array(columns);
    for (const id of await choose(logits, columns, 0.8, draws)) shares[id] += 1 / count;
    const expected = kernel.oracle.sampleDistribution({ logits: row, temperature: 0.8 });
    for (const [v, share] of shares.entries())
      expect(Math.abs(share - expected[v])).toBeLessThan(1.5 / count);
  });

  it('never draws an impossible id, at either end of the draws', async () => {
    const columns = 100;
    const row = new Float32Array(columns).fill(-Infinity);
    for (const id of [3, 4, 50, 97]) row[id] = Math.sin(id);
    const draws = Float32Array.of(0, 1 - 2 ** -24, ...float32Draws(100));
    const logits = new Float32Array(draws.length * columns);
    for (let r = 0; r < draws.length; r++) logits.set(row, r * columns);
    const chosen = await choose(logits, columns, 1, draws);
    expect(chosen.slice(0, 2)).toEqual([3, 97]);
    expect(chosen.filter((id) => row[id] === -Infinity)).toEqual([]);
  });

  it('takes an id of some probability even for a draw that rounding made 1', async () => {
    const row = Float32Array.of(0, 1, 2, -Infinity, 0.5, -Infinity);
    expect(await choose(row, 6, 1, [1])).not.toContain(3);
    expect(
      await choose(
        row.map((x) => x / 7),
        6,
        0.7,
        [1],
      ),
    ).not.toContain(5);
  });

  it('gives NO_ID for logits that are not numbers, and for them alone', async () => {
    for (const place of [0, 17, 69]) {
      const logits = normalFloats(3)(2 * 70);
      logits[place] = NaN;
      for (const temperature of [0, 1]) {
        const [bad, good] = await choose(logits, 70, temperature, [0.5, 0.5]);
        expect(bad).toBe(kernel.NO_ID);
        expect(good).toBeLessThan(70);
      }
    }
    const infinite = Float32Array.of(1, Infinity, 2);
    expect(await choose(infinite, 3, 1, [0.5])).toEqual([kernel.NO_ID]);
    expect(await choose(infinite, 3, 0, [0.5])).toEqual([1]);
  });

  it('survives a low temperature and logits far apart', async () => {
    const logits = Float32Array.of(-100, 100, 99, 100, -100, -100, 0, 100);
    expect(await choose(logits, 4, 0.01, [0.2, 0.7])).toEqual([1, 3]);
  });

  it('names the operand whose shape is wrong', () => {
    const good = {
      ...{ logits: bench.empty([2, 8]), columns: 7, temperature: 1, step: 0 },
      ...{ draws: bench.empty([3, 2]), ids: bench.empty([2], 'u32'), history: bench.empty([3, 2], 'u32') },
    };
    for (const operand of ['logits', 'draws', 'ids', 'history']) {
      expectMismatch(operand, () => {
        sample(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('logits', () => {
      sample(bench.recorder, { ...good, columns: 9 });
    });
    expectMismatch('draws', () => {
      sample(bench.recorder, { ...good, step: 3 });
    });
    expect(() => {
      sample(bench.recorder, { ...good, cap: 0 });
    }).toThrow('soft cap of logits');
  });
});
