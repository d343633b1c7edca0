import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isNewEnough } from './node-version.mjs';

test('versions are compared as numbers', () => {
  expect(['20.19.0', '20.20.2', '22.0.0', '100.1.0'].every(isNewEnough)).toBe(true);
  expect(['20.18.9', '20.9.0', '18.20.0', '8.99.0'].some(isNewEnough)).toBe(false);
});

test('the oldest version accepted is that of package.json', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const [, oldest = ''] = /"node": ">=([\d.]+)"/.exec(text) ?? [];
  const [major = 0, minor = 0] = oldest.split('.').map(Number);
  expect(isNewEnough(`${major}.${minor}.0`)).toBe(true);
  expect(isNewEnough(`${major}.${minor - 1}.9`)).toBe(false);
});
