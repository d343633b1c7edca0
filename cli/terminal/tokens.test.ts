import { describe, expect, it } from 'vitest';
import { legend, markedTokens } from './tokens.ts';

const tokens = [
  { text: 'You', score: 0.1, taught: null },
  { text: ' fool', score: 1, taught: null },
  { text: '!', score: 0.8, taught: null },
  { text: ' A mouse', score: -0.5, taught: null },
  { text: '.', score: 0.5, taught: null },
];
const scores = [0.1, 1, 0.8, -0.5, 0.5];
/** The same, of which the fine-tuning taught some. */
const taughtTokens = (scored: readonly number[], ...taught: number[]): typeof tokens =>
  tokens.map((token, i) => Object.assign({ ...token, score: scored[i] }, { taught: taught[i] }));

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
          { text: 'a', score: 0, taught: null },
          { text: 'b', score: -1, taught: 0.1 },
        ],
        false,
      ),
    ).toBe('ab');
  });

  it('lets no token write to the terminal', () => {
    const line = markedTokens([{ text: '\x1b[2J\u202eevil', score: 1, taught: null }], false);
    expect(line).toBe('[·[2J·evil]');
  });

  it.each([
    { taught: [0, 9, 5, 0, 0], line: 'You [_fool!_] A mouse[.]' },
    { taught: [9, 9, 0, 0, 0], line: '_You [fool_!] A mouse[.]' },
    { taught: [0, 0, 9, 9, 0], line: 'You [fool_!] A mouse_[.]' },
    { taught: [0, 0, 0, 0, 9], line: 'You [fool!] A mouse[_._]' },
    { taught: [1.3, 1.38, 0, 1.39, -9], line: 'You [fool!] _A mouse_[.]' },
  ])(
    'puts what was taught between underscores, from four times as likely on: $taught',
    ({ taught, line }) => {
      expect(markedTokens(taughtTokens(scores, ...taught), false)).toBe(line);
    },
  );

  it('marks what was taught where no score is positive', () => {
    const silent = taughtTokens([0, 0, 0, 0, 0], 0, 9, 9, 0, 0);
    expect(markedTokens(silent, false)).toBe('You _fool!_ A mouse.');
    expect(markedTokens(silent, true)).toBe('You\x1b[4m fool\x1b[24m\x1b[4m!\x1b[24m A mouse.');
  });

  it('underlines what was taught in a terminal with colours', () => {
    expect(markedTokens(taughtTokens(scores, 0, 9, 0, 9, 0), true)).toBe(
      'You\x1b[48;5;160m\x1b[4m fool\x1b[24m\x1b[49m\x1b[48;5;160m!\x1b[49m\x1b[4m A mouse\x1b[24m\x1b[48;5;130m.\x1b[49m',
    );
  });
});

describe('legend', () => {
  it('says what the marks mean, and of those of taught words only where there are some', () => {
    expect(legend([], false)).toBeUndefined();
    expect(legend(tokens, false)).toBe('[words]: speak for the match');
    expect(legend(taughtTokens(scores, 9, 0, 0, 0, 0), false)).toBe(
      '[words]: speak for the match; _words_: taught, at least 4 times as likely as before the fine-tuning',
    );
    expect(legend(taughtTokens(scores, 9, 0, 0, 0, 0), true)).toMatch(/^shaded: .*; underlined: taught/);
  });
});
