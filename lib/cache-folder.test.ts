import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { cacheFolder } from './cache-folder.ts';

it('is what the environment names, else in the cache folder of the user', () => {
  expect(cacheFolder({ REPTRACE_CACHE: 'some/where', XDG_CACHE_HOME: '/caches' })).toBe(
    resolve('some/where'),
  );
  expect(cacheFolder({ REPTRACE_CACHE: '', XDG_CACHE_HOME: '/caches' })).toBe('/caches/reptrace');
  expect(cacheFolder({ XDG_CACHE_HOME: 'relative' })).toBe(join(homedir(), '.cache', 'reptrace'));
  expect(cacheFolder({})).toBe(join(homedir(), '.cache', 'reptrace'));
});
