/** Every character, as Hugging Face's tokenizers see it: test/python/tokenizer_unicode.py. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalizerStep } from './tokenizer-normalizers.ts';
import { regexPattern } from './tokenizer-patterns.ts';
import { preTokenizerStep } from './tokenizer-pre-tokenizers.ts';

interface Expected {
  readonly patterns: Readonly<Record<string, string>>;
  readonly forms: Readonly<Record<string, string>>;
  readonly punctuation: string;
  readonly digits: string;
  readonly spaces: string;
  readonly marks: string;
  readonly bertMarks: string;
  readonly bertControls: string;
  readonly lowercase: string;
}

const url = new URL('../../../../test/fixtures/tokenizer-unicode.json', import.meta.url);
const expected = JSON.parse(readFileSync(url, 'utf8')) as Expected;

const points: string[] = [];
for (let point = 1; point < 0xe1000; point++) {
  if (point === 0xd800) point = 0xe000;
  if (point === 0x40000) point = 0xe0000;
  points.push(String.fromCodePoint(point));
}

function digest(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join(',')).digest('hex');
}

function digestOf(test: (character: string) => boolean): string {
  return digest(points.filter(test).map((character) => (character.codePointAt(0) ?? 0).toString(16)));
}

function splitOff(type: string): string {
  const { apply } = preTokenizerStep({ type });
  return digestOf((character) => apply([{ text: `q${character}q`, first: true }]).length > 1);
}

function takenAway(step: object): string {
  const { apply } = normalizerStep(step);
  return digestOf((character) => apply(`q${character}q`) === 'qq');
}

describe('every character is', () => {
  it.each(Object.entries(expected.patterns))(
    'to the pattern %s what it is to Oniguruma',
    (source, wanted) => {
      const text = points.join('');
      const found = regexPattern(source).matches(text);
      expect(digest(found.map(([start]) => (text.codePointAt(start) ?? 0).toString(16)))).toBe(wanted);
    },
  );

  it('split off, or not, by the same steps', () => {
    expect(splitOff('Punctuation')).toBe(expected.punctuation);
    expect(splitOff('Digits')).toBe(expected.digits);
    expect(splitOff('WhitespaceSplit')).toBe(expected.spaces);
  });

  it('taken away, or not, by the same steps', () => {
    const off = { type: 'BertNormalizer', clean_text: false, handle_chinese_chars: false };
    expect(takenAway({ type: 'StripAccents' })).toBe(expected.marks);
    expect(takenAway({ ...off, strip_accents: true, lowercase: false })).toBe(expected.bertMarks);
    expect(takenAway({ ...off, clean_text: true, strip_accents: false, lowercase: false })).toBe(
      expected.bertControls,
    );
  });

  it.each(Object.entries(expected.forms))(
    'brought into %s alike, alone and between marks',
    (type, wanted) => {
      const { apply } = normalizerStep({ type });
      expect(digest(points.map((c) => apply(`q${c}q\u0345${c}\u0334${c}\u0301`)))).toBe(wanted);
    },
  );

  it('lowered alike', () => {
    const { apply } = normalizerStep({ type: 'Lowercase' });
    expect(digest(points.map((character) => apply(`q${character}`)))).toBe(expected.lowercase);
  });
});
