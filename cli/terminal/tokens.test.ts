import { describe, expect, it } from 'vitest';
import { markedTokens } from './tokens.ts';

const tokens = [
  { text: 'You', score: 0.1 },
  { text: ' fool', score: 1 },
  { text: '!', score: 0.8 },
  { text: ' A mouse', score: -0.5 },
  { text: '.', score: 0.5 },
];

describe('markedTokens', () => {
  it('puts neighbours that speak loudest into one pair of brackets, spaces outside', () => {
    expect(markedTokens(tokens, false)).toBe('You [fool!] A mouse[.]');
  });

  it('shades by the share of the largest score in a terminal with colours', () => {
    expect(markedTokens(tokens, true)).toBe(
      'You\x1b[48;5;160m fool\x1b[49m\x1b[48;5;160m!\x1b[49m A mouse\x1b[48;5;130m.\x1b[49m',
    );
  });

  it('marks nothing when no score is positive', () => {
    expect(
      markedTokens(
        [
          { text: 'a', score: 0 },
          { text: 'b', score: -1 },
        ],
        false,
      ),
    ).toBe('ab');
  });

  it('lets no token write to the terminal', () => {
    const line = markedTokens([{ text: '\x1b[2J\u202eevil', score: 1 }], false);
    expect(line).toBe('[·[2J·evil]');
  });
});
