import { describe, expect, it } from 'vitest';
import { Speeds } from './speeds.ts';

describe('Speeds', () => {
  it('knows nothing of a model that was not at work, or only for a moment', () => {
    const speeds = new Speeds();
    speeds.note('a', 1e9, 0.1);
    expect(speeds.of('a')).toBeUndefined();
    expect(speeds.of('b')).toBeUndefined();
    expect(speeds.of(null)).toBeUndefined();
  });

  it('gives operations over seconds, the last ones counting most', () => {
    const speeds = new Speeds();
    for (let i = 0; i < 10; i++) speeds.note('a', 2e9, 1);
    expect(speeds.of('a')).toBeCloseTo(2e9);
    for (let i = 0; i < 300; i++) speeds.note('a', 8e9, 1);
    expect(speeds.of('a')).toBeCloseTo(8e9, -8);
  });

  it('counts no second of overlapping work twice', () => {
    const speeds = new Speeds();
    // The second was begun half a second after the first, and done one second after it.
    expect(speeds.ownSeconds(1000, 2000)).toBe(1);
    expect(speeds.ownSeconds(1500, 3000)).toBe(1);
    expect(speeds.ownSeconds(10_000, 12_000)).toBe(2);
  });

  it('forgets the models that were longest away', () => {
    const speeds = new Speeds();
    for (let i = 0; i < 100; i++) speeds.note(String(i), 1e9, 1);
    expect(speeds.of('0')).toBeUndefined();
    expect(speeds.of('99')).toBe(1e9);
  });
});
