/**
 * Who may ask. With a token: whoever shows it. Without one the server is on the loopback address, and the danger is a web
 * page in a browser on this machine: one that reaches the server under a name of its own (DNS rebinding), or from another
 * origin. Both show in the headers. Pure.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ReptraceError } from '../errors.ts';
import { isLoopback } from './listen-policy.ts';

/** Why these headers are not let in; undefined when they are. */
export function refusal(headers: IncomingHttpHeaders, token: string | undefined): ReptraceError | undefined {
  if (token === undefined) return foreign(headers);
  return showsToken(headers.authorization, token) ? undefined : unauthenticated();
}

export function unauthenticated(): ReptraceError {
  return new ReptraceError(
    'UNAUTHENTICATED',
    'the token is missing or wrong',
    'Send the header `authorization: Bearer TOKEN`, with the token that the server was started with (REPTRACE_TOKEN).',
  );
}

/** The HTTP status of a refusal. */
export function refusalStatus({ code }: ReptraceError): number {
  return code === 'UNAUTHENTICATED' ? 401 : 403;
}

/** @param credentials `Bearer TOKEN` */
export function showsToken(credentials: unknown, token: string): boolean {
  if (typeof credentials !== 'string') return false;
  const shown = /^bearer +(.+)$/is.exec(credentials)?.[1];
  return shown !== undefined && timingSafeEqual(digest(shown.trim()), digest(token));
}

/** Digests are of one length, so that comparing them tells nothing about the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function foreign({ host, origin }: IncomingHttpHeaders): ReptraceError | undefined {
  if (host === undefined || !isLoopback(hostname(host))) {
    return tokenRequired(`requests that call this server "${(host ?? '').slice(0, 80)}"`);
  }
  if (origin !== undefined && authority(origin) !== host.toLowerCase()) {
    return tokenRequired(`web pages of another origin ("${origin.slice(0, 80)}")`);
  }
  return undefined;
}

function tokenRequired(who: string): ReptraceError {
  return new ReptraceError(
    'TOKEN_REQUIRED',
    `without a token, ${who} are not let in`,
    'Ask as 127.0.0.1 or localhost, and not from a web page of another site; or start the server with REPTRACE_TOKEN.',
  );
}

function hostname(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
}

/** Host and port of an origin as the Host header has them; undefined for `null` and what is no URL. */
function authority(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
