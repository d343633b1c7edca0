import { expect, test } from 'vitest';
import { checkPattern, checkSubject, checkTaskId, checkWord, covers } from './subjects.ts';

const REFUSED = expect.objectContaining({ code: 'INPUT_INVALID' }) as Error;

test('a pattern covers its own subject, and with .* exactly one more word', () => {
  expect(covers('index.progress', 'index.progress')).toBe(true);
  expect(covers('index.*', 'index.progress')).toBe(true);
  expect(['index', 'index.progress.more', 'indexes.progress'].some((it) => covers('index.*', it))).toBe(
    false,
  );
  expect(covers('index', 'index.progress')).toBe(false);
});

test('subjects, words and task ids that would mean something else to a server are refused', () => {
  for (const subject of [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a.*',
    '*',
    '>',
    'a.>',
    'ä',
    'a\r\nb',
    'a'.repeat(600),
  ]) {
    expect(() => {
      checkSubject(subject);
    }).toThrow(REFUSED);
  }
  for (const pattern of ['*', '*.a', 'a.*.b', 'a.>', 'a*', '.*']) {
    expect(() => {
      checkPattern(pattern);
    }).toThrow(REFUSED);
  }
  for (const word of ['', 'a.b', 'a b', '*', 'a'.repeat(200)]) {
    expect(() => {
      checkWord('topic', word);
    }).toThrow(REFUSED);
  }
  for (const id of ['', 'a b', 'a\r\nNats-Rollup: all', 'é', 'a'.repeat(300)]) {
    expect(() => {
      checkTaskId(id);
    }).toThrow(REFUSED);
  }
  checkSubject('compute.sign-2.A_b');
  checkPattern('index.progress.*');
  checkTaskId('019ad3c2-7f1e/rows:0-31');
});
