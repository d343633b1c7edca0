/** NATS_URL: `nats://[user:password@|token@]host[:port]`, or `tls://…`, several joined by commas. Pure. */
import { ReptraceError } from '../errors.ts';

export interface NatsAddress {
  readonly servers: readonly string[];
  readonly tls: boolean;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** The URL as messages show it: without credentials. */
  readonly label: string;
}

/** The credentials are those of the first server that has any. Throws CONFIG_INVALID. */
export function parseNatsUrl(text: string): NatsAddress {
  const urls = text.split(',').map((part) => parseOne(part.trim()));
  const servers = urls.map(({ host }) => host);
  const tls = urls.some(({ protocol }) => protocol === 'tls:');
  const label = urls.map(({ protocol, host }) => `${protocol}//${host}`).join(',');
  const { username = '', password = '' } = urls.find((url) => url.username !== '') ?? {};
  if (username === '') return { servers, tls, label };
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  return password === '' ? { servers, tls, label, token: user } : { servers, tls, label, user, pass };
}

function parseOne(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const usable = url !== undefined && ['nats:', 'tls:'].includes(url.protocol) && url.host !== '';
  if (!usable || !isEncoded(url.username) || !isEncoded(url.password)) {
    throw new ReptraceError(
      'CONFIG_INVALID',
      'the NATS URL is not one',
      'Write it as nats://host:4222 or tls://user:password@host:4222, several joined by commas.',
    );
  }
  return url;
}

/** A stray % is no encoding. */
function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
