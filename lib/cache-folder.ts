/** Where reptrace keeps what it can find again: REPTRACE_CACHE, else `reptrace` in the user's cache folder. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

export function cacheFolder(env: Environment = process.env): string {
  const own = env['REPTRACE_CACHE'];
  if (own !== undefined && own !== '') return resolve(own);
  const user = env['XDG_CACHE_HOME'];
  // The XDG specification has relative paths ignored.
  const caches = user?.startsWith('/') === true ? user : join(homedir(), '.cache');
  return join(caches, 'reptrace');
}
