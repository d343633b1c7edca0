import { expect, it } from 'vitest';
import { benchBatch, evenBatch } from './batch.ts';

const tokensOf = (tokens: number): number =>
  benchBatch(tokens, 100).reduce((sum, { inputIds }) => sum + inputIds.length, 0);

it('holds exactly the tokens asked for, cutting the last sample', () => {
  expect(tokensOf(512)).toBe(512);
  expect(tokensOf(1000)).toBe(1000);
  expect(tokensOf(50)).toBe(50);
});

it('gives every sample a prompt and a response, the same each time', () => {
  const samples = benchBatch(512, 100);
  for (const { inputIds, promptLength } of samples) {
    expect(promptLength).toBeGreaterThan(0);
    expect(promptLength).toBeLessThan(inputIds.length);
    expect(Math.max(...inputIds)).toBeLessThan(100);
  }
  expect(benchBatch(512, 100)).toEqual(samples);
});

it('refuses a last sample of one token, which has no response', () => {
  expect(() => benchBatch(41, 100)).toThrow('one token over');
});

it('has samples of one length where that is asked for', () => {
  const samples = evenBatch(3, 40, 100);
  expect(samples.map(({ inputIds, promptLength }) => [inputIds.length, promptLength])).toEqual([
    [40, 20],
    [40, 20],
    [40, 20],
  ]);
  expect(samples[0].inputIds).not.toEqual(samples[1].inputIds);
});
