import { describe, expect, it } from 'vitest';
import { Random } from '../../../../lib/random.ts';
import { tensorSeed } from './initial-weights.ts';

describe('tensorSeed', () => {
  it('gives every tensor a stream of its own, whatever the seed', () => {
    for (const seed of [0, 7, 2 ** 45, Number.MAX_SAFE_INTEGER]) {
      const first = Array.from({ length: 300 }, (_, i) => new Random(tensorSeed(seed, i)).uint32());
      expect(new Set(first).size, `${seed}`).toBe(300);
    }
  });
});
