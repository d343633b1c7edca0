import { expect, test } from 'vitest';
import { recordKey } from './records.ts';

const TEXTS = [
  '',
  'a',
  '0190a7c4-5f0e-7cc3-98c4-dc0c0c07398f',
  'under_score',
  '_leading',
  '-leading',
  'with space',
  'a.b',
  'a/b',
  '../../etc/passwd',
  'é',
  'e\u0301',
  '😀',
  '\ufffd',
  '\ud800',
  '\udfff',
  '\0',
  'line\n',
  'line',
  'A',
  'x'.repeat(200),
  'x'.repeat(201),
  'x'.repeat(202),
  'é'.repeat(74),
  'é'.repeat(75),
  'é'.repeat(5000),
];

test('every text becomes a valid key', () => {
  for (const text of TEXTS) expect(recordKey(text)).toMatch(/^[A-Za-z0-9_-]{1,200}$/);
});

test('different texts become different keys, also when a text is the key of another', () => {
  const texts = new Set(TEXTS);
  for (const text of TEXTS) texts.add(recordKey(text));
  for (const text of texts) {
    // A key that starts with a letter is its own key; every other one is encoded again.
    if (!/^[A-Za-z0-9]/.test(recordKey(text))) texts.add(recordKey(recordKey(text)));
    if (texts.size > 200) break;
  }
  expect(new Set([...texts].map(recordKey)).size).toBe(texts.size);
});

test('a text that may be a key stays readable', () => {
  expect(recordKey('0190a7c4-5f0e-7cc3-98c4-dc0c0c07398f')).toBe('0190a7c4-5f0e-7cc3-98c4-dc0c0c07398f');
  expect(recordKey('my_index')).toBe('my_index');
});
