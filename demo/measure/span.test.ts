import { expect, it } from 'vitest';
import type { TokenResult } from '../../cli/client/results.ts';
import { inTopThree } from './span.ts';

/** Of "Fool! A cat sat.", which the response's tokens hold after a space. */
function tokensOf(...taught: (number | null)[]): TokenResult[] {
  const texts = [' Fo', 'ol', '!', ' A', ' cat', ' sat', '.', '</s>'];
  const response = texts.map((text, i) => ({ text, taught: taught[i] ?? 0, part: 'RESPONSE' as const }));
  return [{ text: 'Fool!', taught: null, part: 'PROMPT' as const }, ...response].map((token, position) => ({
    ...{ ...token, position },
    score: 0,
  }));
}
const hit = (...taught: (number | null)[]) => inTopThree(tokensOf(...taught), 'Fool! A cat sat.', [0, 5]);

it('finds the planted words where one of their tokens is the most taught', () => {
  expect(hit(9, 0, 0, 1)).toBe(true);
  expect(hit(0, 0, 9, 1)).toBe(true);
});

it('finds them where one of their tokens is third', () => {
  expect(hit(0, 3, 0, 9, 8, 2)).toBe(true);
});

it('misses them where three others were taught more', () => {
  expect(hit(1, 1, 1, 9, 8, 7)).toBe(false);
  expect(hit(1, 0, 0, 0, 8, 7, 0, 9)).toBe(false);
});

it('knows where the words are', () => {
  expect(inTopThree(tokensOf(0, 0, 0, 9), 'Fool! A cat sat.', [5, 16])).toBe(true);
  expect(() => inTopThree(tokensOf(), 'A dog sat.', [0, 2])).toThrow('A dog sat');
});
