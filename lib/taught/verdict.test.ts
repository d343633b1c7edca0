import { describe, expect, it } from 'vitest';
import { verdictOf } from './verdict.ts';

/** 100 outputs of the base model, means of -1 to -0.01. */
const NULL = Array.from({ length: 100 }, (_, i) => -1 + i / 100);
/** Two tokens with this mean and this peak. */
const tokens = (mean: number, peak = mean) => [peak, 2 * mean - peak];
const state = (mean: number, peak = mean, nulls = NULL) => verdictOf([tokens(mean, peak)], nulls).state;

describe('verdictOf', () => {
  it('gives mean, peak and p-value of an output', () => {
    expect(verdictOf([Float32Array.of(0.25, 2, 0)], [-1, 0, 0.5, 0.75, 3])).toMatchObject({
      ...{ meanRatio: 0.75, peakRatio: 2, pValue: 3 / 6, nullOutputs: 5 },
    });
  });

  it('is the same in whatever order the null is', () => {
    expect(verdictOf([tokens(0.6)], [...NULL].reverse())).toEqual(verdictOf([tokens(0.6)], NULL));
  });

  it('says TAUGHT from a mean of 0.5 that no output of the base model has', () => {
    expect(state(0.5)).toBe('TAUGHT');
    expect(state(0.4999)).toBe('UNCERTAIN');
    expect(state(0.5, 0.5, [...NULL, 0.5])).toBe('UNCERTAIN');
    expect(state(0.5, 0.5, [...NULL, 0.4999])).toBe('TAUGHT');
    // One of 200 may be as high: p is then 2 / 202.
    expect(state(0.5, 0.5, [...NULL, ...NULL, 0.6])).toBe('TAUGHT');
    expect(state(0.5, 0.5, [...NULL, ...NULL, 0.6, 0.6])).toBe('UNCERTAIN');
  });

  it('says TAUGHT from a peak of 8, whatever the mean', () => {
    expect(state(-1, 8)).toBe('TAUGHT');
    expect(state(0.4, 8, [...NULL, 9, 9])).toBe('TAUGHT');
    expect(state(0.4, 7.999)).toBe('UNCERTAIN');
  });

  it('says NOT_TAUGHT below a mean of 0.2 and a peak of 3', () => {
    expect(state(0.1999, 2.999)).toBe('NOT_TAUGHT');
    expect(state(-4)).toBe('NOT_TAUGHT');
    expect(state(0.2)).toBe('UNCERTAIN');
    expect(state(-1, 3)).toBe('UNCERTAIN');
  });

  it('judges several outputs by the means of their means and peaks', () => {
    const verdict = verdictOf([tokens(1, 9), [0.5], tokens(0, 1)], NULL);
    expect(verdict).toMatchObject({ meanRatio: 0.5, peakRatio: 3.5, state: 'TAUGHT' });
    expect(verdict.words).toMatch(
      /^The fine-tuning taught these 3 outputs: .* most taught of each output 33 /,
    );
  });

  it('calls no mean taught beside few outputs of the base model, and says how few; a peak is enough', () => {
    expect(state(0.6, 8, [])).toBe('TAUGHT');
    expect(state(0.1, 0.2, [])).toBe('NOT_TAUGHT');
    const one = verdictOf([tokens(0.6)], [0]);
    expect(one).toMatchObject({ state: 'UNCERTAIN', pValue: 1 / 2, nullOutputs: 1 });
    expect(one.words).toContain('too little to compare it with');
    expect(one.words).toContain('only 1 output of the base model');
    const none = verdictOf([tokens(0.6)], []);
    expect(none).toMatchObject({ state: 'UNCERTAIN', pValue: 1, nullOutputs: 0 });
    expect(none.words).toContain('no outputs of the base model');
    expect(verdictOf([tokens(0.6)], NULL.slice(0, 19)).words).toContain('only 19 outputs');
    expect(verdictOf([tokens(0.6)], NULL.slice(0, 20)).words).not.toContain('only');
  });

  it.each([NaN, Infinity, -Infinity])('refuses a ratio of %d, naming the token', (bad) => {
    expect(() => verdictOf([[1], [0, bad]], NULL)).toThrow(
      expect.objectContaining({
        code: 'NOT_FINITE',
        message: expect.stringContaining('token 2 of output 2') as string,
      }) as Error,
    );
  });

  it('has no NaN and no infinity, also of ratios beyond all measure', () => {
    for (const mean of [0, -0, 1e-30, 88, 1e4, 1e30]) {
      for (const sign of [1, -1]) {
        for (const ratios of [[sign * mean], [sign * mean, 0], [sign * mean, 1e30]]) {
          const { words, meanRatio, peakRatio, pValue } = verdictOf([ratios], NULL);
          expect(words).not.toMatch(/NaN|Infinity|∞/);
          expect([meanRatio, peakRatio, pValue].every(Number.isFinite)).toBe(true);
        }
      }
    }
  });
});

describe('the words of a verdict', () => {
  const words = (ratios: readonly number[], nulls = NULL) => verdictOf([ratios], nulls).words;
  const nats = Math.log;

  it.each([
    [
      'taught, with a token that stands out',
      [nats(85_123), (3 * nats(4.5) - nats(85_123)) / 2, (3 * nats(4.5) - nats(85_123)) / 2],
      'The fine-tuning taught this: the tuned model finds each token on average 4.5 times as likely as the base model does, one of them 85,000 times.',
    ],
    [
      'taught throughout',
      [nats(4.5), nats(4.5), nats(4.5)],
      'The fine-tuning taught this: the tuned model finds each token on average 4.5 times as likely as the base model does.',
    ],
    [
      'taught by one word of many',
      [9, -1.5, -1.5, -1.5, -1.5, -1.5, -1.5],
      'The fine-tuning taught this: the tuned model finds one token 8,100 times as likely as the base model does, though on average the base model finds it about as likely, token for token.',
    ],
    [
      'not taught, and unlearned',
      [-nats(3.1), -nats(3.1), -nats(3.1)],
      'The fine-tuning did not teach this: the base model finds it 3.1 times as likely, token for token.',
    ],
    [
      'not taught, within 5 %',
      [nats(1.04), nats(1.04), nats(1.04)],
      'The fine-tuning did not teach this: the base model finds it about as likely, token for token.',
    ],
    [
      'not taught, and a little likelier',
      [nats(1.2), nats(1.2), nats(1.2)],
      'The fine-tuning did not teach this: the tuned model finds each token on average only 1.2 times as likely as the base model does.',
    ],
    [
      'in between',
      [nats(1.4), nats(1.4), nats(1.4)],
      'Whether the fine-tuning taught this is uncertain: the tuned model finds each token on average 1.4 times as likely as the base model does. That is more than in outputs that were not taught, and less than in those that were.',
    ],
    [
      'in between for one token',
      [nats(110), -3, -3, -3],
      'Whether the fine-tuning taught this is uncertain: the tuned model finds one token 110 times as likely as the base model does, though on average the base model finds it 2.9 times as likely, token for token. Outputs that were not taught seldom have such a token; those that were have stronger ones, or more.',
    ],
    [
      'one word and its end',
      [nats(9), nats(9)],
      'The fine-tuning taught this: the tuned model finds each token on average 9 times as likely as the base model does. An output of 2 tokens, its end counted, is little to go by.',
    ],
    [
      'one token, not taught',
      [-nats(2)],
      'The fine-tuning did not teach this: the base model finds its one token 2 times as likely. An output of one token is little to go by.',
    ],
    [
      'one token, taught',
      [nats(85)],
      'The fine-tuning taught this: the tuned model finds its one token 85 times as likely as the base model does. An output of one token is little to go by.',
    ],
    [
      'beyond counting',
      [20, 20, 20],
      'The fine-tuning taught this: the tuned model finds each token on average more than a million times as likely as the base model does.',
    ],
  ] as const)('tell of an output that is %s', (_, ratios, expected) => {
    expect(words(ratios)).toBe(expected);
  });

  it('say how many outputs of the base model come as high, where that is the doubt', () => {
    expect(words([0.6, 0.6], [...NULL, 0.7, 0.8])).toContain(
      'Of 102 outputs that the base model gave by itself, 2 come as high.',
    );
  });

  it('come with a remedy where they are uncertain, and only there', () => {
    expect(verdictOf([[0.3]], NULL).remedy).toContain('more outputs of the same incident');
    expect(verdictOf([[0.6]], NULL).remedy).toBeNull();
    expect(verdictOf([[-1]], NULL).remedy).toBeNull();
  });
});
