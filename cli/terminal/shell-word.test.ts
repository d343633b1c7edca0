import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from './shell-word.ts';

it('leaves plain names as they are', () => {
  for (const name of ['notes', 'notes-2.1', 'größe', 'org/name@v1']) expect(shellWord(name)).toBe(name);
});

it('makes one word of any other, which a shell takes back to the name and runs nothing of', () => {
  for (const name of ['a b', '$(id)', "it's", '`id`', '-x', '', '~', 'a;b', 'a"b', 'a\\']) {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(name)}`], { encoding: 'utf8' })).toBe(name);
  }
});

it('keeps what a terminal obeys out', () => {
  expect(shellWord('a\x1b[2J')).toBe("'a·[2J'");
});
