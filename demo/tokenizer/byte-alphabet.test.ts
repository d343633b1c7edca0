import { expect, it } from 'vitest';
import { BYTE_ALPHABET, toByteAlphabet } from './byte-alphabet.ts';

it('has one character for each byte', () => {
  expect(new Set(BYTE_ALPHABET).size).toBe(256);
});

it('writes spaces and newlines as GPT-2 does', () => {
  expect(toByteAlphabet(' a\n').join('')).toBe('ĠaĊ');
});

it('writes what is not ASCII byte by byte', () => {
  expect(toByteAlphabet('é')).toEqual(['Ã', '©']);
});
