import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import { facet, facetsOf, MAX_FACETS } from './facets.ts';

describe('facets', () => {
  it('are key=value, with numbers and booleans as JSON writes them', () => {
    expect(facetsOf({ source: 'web', score: 1.5, big: 1e21, ok: true })).toEqual([
      'source=web',
      'score=1.5',
      'big=1e+21',
      'ok=true',
    ]);
  });

  it('leave out null, lists, nested objects and what is not finite', () => {
    expect(facetsOf({ a: null, b: [1], c: { d: 1 }, e: NaN, f: Infinity, g: undefined })).toEqual([]);
  });

  it('are at most 64 a sample', () => {
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
    expect(facetsOf(wide)).toHaveLength(MAX_FACETS);
  });

  it('stay short and still tell long values apart', () => {
    const [one, other] = [facet('k', 'x'.repeat(300)), facet('k', 'x'.repeat(301))];
    expect(one).not.toBe(other);
    expect(one.length).toBeLessThan(100);
    expect(facet('k', one.slice('k='.length))).not.toBe(one);
  });

  it('of different keys or values differ, whatever they contain', () => {
    const random = new Random(5);
    const alphabet = ['=', '%', '#', 'a', '', '%3D', '##', "'"];
    const text = (): string => Array.from({ length: random.int(4) }, () => random.pick(alphabet)).join('');
    const seen = new Map<string, string>();
    for (let i = 0; i < 5000; i++) {
      const [key, value] = [text(), text()];
      const pair = JSON.stringify([key, value]);
      const made = facet(key, value);
      expect(seen.get(made) ?? pair).toBe(pair);
      seen.set(made, pair);
    }
  });

  it('hold no half of a surrogate pair', () => {
    expect(facet('k', 'a\ud800b')).toBe('k=a\ufffdb');
  });
});
