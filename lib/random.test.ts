import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

describe('Random', () => {
  it('gives the same stream for the same seed and another for another', () => {
    const stream = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 8 }, () => random.uint32());
    };
    expect(stream(7)).toEqual(stream(7));
    expect(stream(7)).not.toEqual(stream(8));
  });

  it('goes on from a saved state exactly', () => {
    const random = new Random(3);
    random.next();
    const copy = Random.fromState(random.state);
    expect([copy.next(), copy.next()]).toEqual([random.next(), random.next()]);
  });

  it('is uniform and normal to within sampling error', () => {
    const random = new Random(11);
    const n = 20_000;
    let uniform = 0;
    let normal = 0;
    let square = 0;
    for (let i = 0; i < n; i++) {
      uniform += random.next() / n;
      const z = random.normal();
      normal += z / n;
      square += (z * z) / n;
    }
    expect(uniform).toBeCloseTo(0.5, 1);
    expect(Math.abs(normal)).toBeLessThan(0.03);
    expect(Math.abs(square - 1)).toBeLessThan(0.05);
  });

  it('shuffles a copy and keeps every element', () => {
    const list = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = new Random(1).shuffle(list);
    expect(shuffled).not.toEqual(list);
    expect([...shuffled].sort((x, y) => x - y)).toEqual(list);
  });
});
