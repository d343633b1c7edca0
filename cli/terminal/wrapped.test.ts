import { expect, it } from 'vitest';
import { wrapped } from './wrapped.ts';

it('breaks between words, and indents what follows', () => {
  expect(wrapped('one two three four', 9, '  ')).toEqual(['one two', '  three', '  four']);
});

it('leaves alone what fits', () => {
  expect(wrapped('one two', 7)).toEqual(['one two']);
  expect(wrapped('', 7)).toEqual(['']);
});

it('breaks a word that is wider than a line, by characters', () => {
  expect(wrapped('a 😀😀😀😀😀 b', 4, ' ')).toEqual(['a', ' 😀😀😀', ' 😀😀', ' b']);
});
