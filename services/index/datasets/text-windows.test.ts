import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import { textWindows, type TextWindow } from './text-windows.ts';

/** Fails for a window that is none. */
const windows = (text: string, most: number): TextWindow[] =>
  [...textWindows(text, most)].map((window) => {
    if ('reason' in window) throw new Error(window.reason);
    return window;
  });
const joined = (text: string, most: number): string[] =>
  windows(text, most).map(({ prompt, response }) => prompt + response);

describe('windows of a text', () => {
  it('are the text, whatever it is, none longer than asked for and none a small remainder', () => {
    const random = new Random(1);
    const pieces = [
      'a',
      'word',
      'longer-words',
      ' ',
      ' ',
      '\n',
      '. ',
      '漢字',
      '🙂',
      '\ud83d',
      'x'.repeat(90),
    ];
    for (let round = 0; round < 300; round++) {
      const text = `two words${Array.from({ length: random.int(300) }, () => random.pick(pieces)).join('')}`;
      const most = 64 + random.int(100);
      const found = joined(text, most);
      expect(found.join('')).toBe(text);
      for (const one of found) {
        expect(one.length).toBeLessThanOrEqual(most);
        if (found.length > 1) expect(one.length).toBeGreaterThanOrEqual(most / 4);
        expect(one).not.toMatch(/^[\udc00-\udfff]/);
      }
    }
  });

  it('are cut before white space, which begins the next one, and so are their halves', () => {
    const found = windows('one two three four five six seven eight nine ten eleven twelve thirteen', 64);
    expect(found).toEqual([
      { prompt: 'one two three four', response: ' five six seven', raw: 'inner' },
      { prompt: ' eight nine ten eleven', response: ' twelve thirteen', raw: 'last' },
    ]);
  });

  it('are one for a short text, which is its end', () => {
    expect(windows('two words', 64)).toEqual([{ prompt: 'two', response: ' words', raw: 'last' }]);
    expect(windows('  two words \n', 64)).toEqual([{ prompt: '  two', response: ' words \n', raw: 'last' }]);
  });

  it('are cut between characters where there is no white space', () => {
    expect(windows('漢字かな', 64)).toEqual([{ prompt: '漢字', response: 'かな', raw: 'last' }]);
    const smiles = windows(`two ${'🙂'.repeat(100)}`, 64);
    expect(smiles.length).toBeGreaterThan(3);
    for (const { prompt, response } of smiles) {
      expect(`${prompt}|${response}`).not.toMatch(/\p{Surrogate}/u);
    }
  });

  it('of white space in one half are their reason, and cost no other', () => {
    const found = [...textWindows(`some words here${' '.repeat(300)}and some more`, 64)];
    expect(found.filter((one) => 'reason' in one).length).toBeGreaterThan(2);
    expect(found[0]).toMatchObject({ raw: 'inner' });
    expect(found.at(-1)).toMatchObject({ raw: 'last' });
  });

  it.each(['', ' ', 'word', '\tword\n'])('are none for %j', (text) => {
    expect(() => textWindows(text, 64)).toThrow(SyntaxError);
  });

  it('are made one at a time, in a time that grows with the text', () => {
    const [first] = textWindows('a b '.repeat(2_000_000), 64);
    expect(first).toHaveProperty('prompt');
    expect(joined('x'.repeat(200_000) + ' y', 65_536).length).toBe(4);
    expect(joined('word '.repeat(400_000), 64).length).toBeGreaterThan(30_000);
  });
});
