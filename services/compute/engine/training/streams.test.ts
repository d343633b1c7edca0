import { describe, expect, it } from 'vitest';
import { Random } from '../../../../lib/random.ts';
import { epochStream, tensorStream } from './streams.ts';

/** Seeds of all sizes, many of them a power of two apart. */
const SEEDS = [
  ...[0, 1, 7, 999_999, 1_000_000, 1_000_001, 1_000_003],
  ...[20, 21, 32, 33, 45, 52].flatMap((bits) => [2 ** bits, 2 ** bits + 1, 2 ** bits + 7]),
  Number.MAX_SAFE_INTEGER - 1,
  Number.MAX_SAFE_INTEGER,
];

const firstOf = (random: Random): string => [random.uint32(), random.uint32()].join();

describe('the streams of a run', () => {
  it('are one for each tensor, whatever the seed', () => {
    for (const seed of SEEDS) {
      const tensors = [...Array.from({ length: 300 }, (_, i) => i), 4095, 4096, 5000];
      const streams = tensors.map((tensor) => firstOf(tensorStream(seed, tensor, 'weights')));
      expect(new Set(streams).size, `${seed}`).toBe(tensors.length);
    }
  });

  it.each([
    ['weights', (seed: number, i: number) => tensorStream(seed, i, 'weights')],
    ['an adapter', (seed: number, i: number) => tensorStream(seed, i, 'adapter')],
    ['the order of rows', epochStream],
  ])('of %s are those of no other seed, 2^20 or 2^32 away or more', (_, stream) => {
    const all = SEEDS.flatMap((seed) => [0, 1, 2, 4096].map((i) => firstOf(stream(seed, i))));
    expect(new Set(all).size).toBe(all.length);
  });

  it('of small seeds are what they always were: a model trained from one is trained again to the same bits', () => {
    expect(firstOf(tensorStream(1, 3, 'weights'))).toBe(firstOf(new Random(4096 + 3)));
    expect(firstOf(tensorStream(999_999, 4095, 'weights'))).toBe(firstOf(new Random(4_095_999_999)));
    expect(firstOf(tensorStream(5, 2, 'adapter'))).toBe(firstOf(new Random(5 * 4096 + 2 + 0x4c6f5241)));
    expect(firstOf(epochStream(2, 3))).toBe(firstOf(new Random(2 + 3_000_009)));
  });

  it('of other seeds are the same on every machine', () => {
    expect(tensorStream(2 ** 40, 1, 'weights').uint32()).toBe(36374643);
    expect(epochStream(2 ** 40, 1).uint32()).toBe(2664039984);
  });
});
