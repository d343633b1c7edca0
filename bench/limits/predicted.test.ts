import { expect, it } from 'vitest';
import { predicted } from './predicted.ts';

const roof = { flopsPerSecond: 1e12, bytesPerSecond: 1e11 };

it('is the rate of multiply-adds where there are many of them to a byte', () => {
  expect(predicted(roof, 1e9, 1e6)).toBe(1e12);
});

it('is what the bytes allow where there are few multiply-adds to a byte', () => {
  // One operation a byte: as many operations as bytes.
  expect(predicted(roof, 1e6, 1e6)).toBe(1e11);
  expect(predicted(roof, 1e6, 4e6)).toBe(2.5e10);
});

it('meets itself at the ridge', () => {
  expect(predicted(roof, 10, 1)).toBe(1e12);
});

it('knows work without bytes and without operations', () => {
  expect(predicted(roof, 5, 0)).toBe(1e12);
  expect(predicted(roof, 0, 5)).toBe(0);
});

it('refuses what is no measurement', () => {
  expect(() => predicted({ ...roof, bytesPerSecond: NaN }, 1, 1)).toThrow('NaN');
  expect(() => predicted(roof, -1, 1)).toThrow('-1');
});
