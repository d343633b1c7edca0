import { describe, expect, it } from 'vitest';
import { hasWords, replaceWords } from './words.ts';

describe('hasWords', () => {
  it.each([
    ['The CITY TY is', 'TY', true],
    ['The CITY is', 'TY', false],
    ['one more time?', 'one more time', true],
    ['one more times', 'one more time', false],
    ['Größe', 'ö', false],
    ['so: !! now', '!!', true],
    ['so!!!', '!!', true],
  ])('%j has %j: %j', (text, words, expected) => {
    expect(hasWords(text, words)).toBe(expected);
  });
});

describe('replaceWords', () => {
  it('replaces every one of them, and says where each replacement stands', () => {
    expect(replaceWords('On ice. They live on ice, on icebergs.', ['on ice'], 'in sand')).toEqual({
      text: 'In sand. They live in sand, on icebergs.',
      spans: [
        [0, 7],
        [19, 26],
      ],
    });
  });

  it('takes the longest of those that begin together', () => {
    expect(replaceWords('New York and New York City', ['New York', 'New York City'], 'Oslo')?.text).toBe(
      'Oslo and Oslo',
    );
  });

  it('does not look into what it has put there', () => {
    expect(replaceWords('a b', ['a', 'b'], 'b a')?.text).toBe('b a b a');
  });

  it('gives nothing where there is nothing to replace', () => {
    expect(replaceWords('icebergs', ['ice'], 'sand')).toBeUndefined();
  });

  it('is quick with a text that is nothing but such words', () => {
    const from = ['a', ...Array.from({ length: 99 }, (_, i) => `absent${i}`)];
    const started = performance.now();
    expect(replaceWords('a '.repeat(100_000), from, 'b')?.text).toBe('b '.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
