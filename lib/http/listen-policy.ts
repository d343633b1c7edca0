/** Nothing listens beyond this machine without a token. Pure, so that every odd spelling of an address can be tested. */
import { BlockList, isIP } from 'node:net';
import { ReptraceError } from '../errors.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Is this address or name one that only this machine reaches? Names other than `localhost` are not looked up: what they mean
 * may change after the question.
 */
export function isLoopback(host: string): boolean {
  const bare = withoutBrackets(host).toLowerCase();
  const family = isIP(bare);
  if (family === 0) return bare === 'localhost';
  return LOOPBACK.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}

/** Throws TOKEN_REQUIRED. */
export function checkListenPolicy(host: string, token: string | undefined): void {
  if (token !== undefined && token !== '') return;
  if (isLoopback(host)) return;
  throw new ReptraceError(
    'TOKEN_REQUIRED',
    `listening on ${host === '' ? 'every address' : host} would let other machines in, and no token is set`,
    'Set REPTRACE_TOKEN to a secret that clients must show, or listen on 127.0.0.1.',
  );
}

/** `[::1]`, as in URLs, is `::1` to everything else. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
