import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mirror } from './mirror.mjs';

let folder = '';
let source = '';
let target = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reptrace-mirror-'));
  [source, target] = [join(folder, 'source'), join(folder, 'target')];
  mkdirSync(join(source, 'deep'), { recursive: true });
  writeFileSync(join(source, 'a.wgsl'), 'a');
  writeFileSync(join(source, 'deep', 'b.wgsl'), 'b');
  writeFileSync(join(source, 'a.test.ts'), 'not this');
  mirror(source, target, '.wgsl');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('copies files of the kind asked for, sub-folders included, and no others', () => {
  expect(readFileSync(join(target, 'a.wgsl'), 'utf8')).toBe('a');
  expect(readFileSync(join(target, 'deep', 'b.wgsl'), 'utf8')).toBe('b');
  expect(existsSync(join(target, 'a.test.ts'))).toBe(false);
});

test('writes again only what changed, and removes what is gone', () => {
  const old = new Date(0);
  utimesSync(join(target, 'a.wgsl'), old, old);
  writeFileSync(join(source, 'deep', 'b.wgsl'), 'new');
  mirror(source, target, '.wgsl');
  expect(statSync(join(target, 'a.wgsl')).mtime).toEqual(old);
  expect(readFileSync(join(target, 'deep', 'b.wgsl'), 'utf8')).toBe('new');

  rmSync(join(source, 'a.wgsl'));
  mirror(source, target, '.wgsl');
  expect(existsSync(join(target, 'a.wgsl'))).toBe(false);
});

test('a source that is not there empties the copy', () => {
  rmSync(source, { recursive: true });
  mirror(source, target, '.wgsl');
  expect(existsSync(join(target, 'deep', 'b.wgsl'))).toBe(false);
});
