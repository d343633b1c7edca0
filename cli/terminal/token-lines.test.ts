import { expect, it } from 'vitest';
import { tokenLines, type ShownTokens } from './token-lines.ts';

const SHOWN: ShownTokens = {
  ids: [1, 300, 7, 12, 2],
  pieces: ['<s>', '▁a', '<0xE6>', '漢', '</s>'],
  texts: ['<s>', ' a\n', '', '\u001b[2J漢\u202e', '</s>'],
  promptLength: 2,
  p: 1,
  truncated: false,
  template: false,
};

it('shows index, id and text of each token, spaces and line breaks too, and where the response begins', () => {
  expect(tokenLines(SHOWN).split('\n')).toEqual([
    '0    1  "<s>"',
    '1  300  " a⏎"  <- p',
    '--- response ---',
    '2    7  (no text of its own: <0xE6>)',
    // Nothing that a terminal would obey.
    '3   12  "·[2J漢·"',
    '4    2  "</s>"',
    '5 tokens: 2 before the response, 3 of it; rendered with the plain [INST] form (the model has no chat template)',
  ]);
});

it('says when the tail was cut off, and when the template was used', () => {
  expect(tokenLines({ ...SHOWN, truncated: true, template: true })).toMatch(
    /3 of it; the tail of the response was cut off; rendered with the model's chat template$/,
  );
});
