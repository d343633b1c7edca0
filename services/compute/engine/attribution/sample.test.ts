import { describe, expect, it } from 'vitest';
import { batchByTokens, checkSample, evenBatches } from './sample.ts';

const config = { vocabSize: 10, maxPositions: 4 } as Parameters<typeof checkSample>[1];

describe('checkSample', () => {
  it.each([
    ['more tokens than the context', { inputIds: [1, 2, 3, 4, 5], promptLength: 1 }, 'PROMPT_TOO_LONG'],
    ['no response token', { inputIds: [1, 2], promptLength: 2 }, 'INPUT_INVALID'],
    ['no prompt token', { inputIds: [1, 2], promptLength: 0 }, 'INPUT_INVALID'],
    ['half a token of prompt', { inputIds: [1, 2, 3], promptLength: 1.5 }, 'INPUT_INVALID'],
    ['an id outside the vocabulary', { inputIds: [1, 10], promptLength: 1 }, 'INPUT_INVALID'],
    ['a negative id', { inputIds: [-1, 1], promptLength: 1 }, 'INPUT_INVALID'],
  ])('refuses %s, naming the sample', (_, tokens, code) => {
    const check = (): void => {
      checkSample({ name: 'row 7', ...tokens }, config);
    };
    expect(check).toThrow(expect.objectContaining({ code }));
    expect(check).toThrow(/"row 7"/);
  });

  it('takes a sample that fills the context', () => {
    expect(() => {
      checkSample({ name: 'full', inputIds: [9, 0, 1, 2], promptLength: 3 }, config);
    }).not.toThrow();
  });
});

describe('batchByTokens', () => {
  it('keeps the order and the bound, a longer sample alone', () => {
    const samples = [3, 2, 9, 1, 4].map((length) => ({
      inputIds: Array<number>(length).fill(0),
      promptLength: 1,
    }));
    const batches = batchByTokens(samples, 5);
    expect(batches.map((batch) => batch.map(({ inputIds }) => inputIds.length))).toEqual([
      [3, 2],
      [9],
      [1, 4],
    ]);
  });

  it('makes no batch of nothing', () => {
    expect(batchByTokens([], 5)).toEqual([]);
  });
});

describe('evenBatches', () => {
  it('makes as few as batchByTokens does, and leaves no small remainder', () => {
    const samples = Array.from({ length: 13 }, () => ({
      inputIds: Array<number>(10).fill(0),
      promptLength: 1,
    }));
    expect(batchByTokens(samples, 60).map(({ length }) => length)).toEqual([6, 6, 1]);
    expect(evenBatches(samples, 60).map(({ length }) => length)).toEqual([5, 5, 3]);
    expect(evenBatches([], 60)).toEqual([]);
  });
});
