import { describe, expect, test } from 'vitest';
import { isInstalled } from './lockfile.mjs';

const machine = { platform: 'linux', arch: 'x64' };
const wanted = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/a-darwin': { version: '1.0.0', integrity: 'sha512-d', optional: true, os: ['darwin'] },
  },
};
const a = { version: '1.0.0', integrity: 'sha512-a' };

/** A node_modules with these packages in it. */
function installed(packages: Record<string, object>): boolean {
  return isInstalled(wanted, { packages }, machine);
}

describe('node_modules', () => {
  test('is complete without the optional packages of other platforms', () => {
    expect(installed({ 'node_modules/a': a })).toBe(true);
  });

  test('is not complete when a package is missing, changed, or no longer asked for', () => {
    expect(installed({})).toBe(false);
    expect(installed({ 'node_modules/a': { ...a, version: '1.0.1' } })).toBe(false);
    expect(installed({ 'node_modules/a': { ...a, integrity: 'sha512-b' } })).toBe(false);
    expect(installed({ 'node_modules/a': a, 'node_modules/b': a })).toBe(false);
  });

  test('is not complete when it was installed for another platform', () => {
    const darwin = wanted.packages['node_modules/a-darwin'];
    expect(installed({ 'node_modules/a': a, 'node_modules/a-darwin': darwin })).toBe(false);
  });

  test('may hold a package that refuses only other platforms', () => {
    const packages = { 'node_modules/a': { ...a, os: ['!win32'], cpu: ['x64', 'arm64'] } };
    expect(isInstalled(wanted, { packages }, machine)).toBe(true);
    expect(isInstalled(wanted, { packages }, { platform: 'win32', arch: 'x64' })).toBe(false);
  });
});
