/** Calls to one Qdrant server: tried again briefly while its connection fails, and their failures told in reptrace's words. */
import { setTimeout as delay } from 'node:timers/promises';
import { QdrantClient } from '@qdrant/js-client-rest';
import { ReptraceError } from '../../../lib/errors.ts';
import { isPassing, qdrantFailure, shownUrl } from './qdrant-errors.ts';

export interface QdrantOptions {
  readonly apiKey?: string | undefined;
  /** For one request, in milliseconds. */
  readonly timeout?: number | undefined;
}

const TIMEOUT = 60_000;
/** Milliseconds before the second, third, … try of a call whose connection failed. */
const PAUSES = [100, 300, 600];

export class QdrantCalls {
  /** The server, as messages may name it. */
  readonly shown: string;
  readonly #client: QdrantClient;

  /** Throws CONFIG_INVALID for a URL that is none. */
  constructor(text: string, options: QdrantOptions) {
    const url = parsedUrl(text);
    this.shown = shownUrl(url);
    this.#client = new QdrantClient({
      host: url.hostname,
      port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
      https: url.protocol === 'https:',
      prefix: url.pathname === '/' ? '' : url.pathname,
      timeout: options.timeout ?? TIMEOUT,
      checkCompatibility: false,
      // As a header: given as `apiKey`, the client writes a warning to the console.
      // Compressed answers come in steps of some 45 ms: measured, a search took 48 ms with and 4 ms without.
      headers: { 'api-key': options.apiKey, 'accept-encoding': 'identity' },
    });
  }

  /** @param request may be made several times. Throws what `qdrantFailure` makes of its failure. */
  async call<T>(index: string | undefined, request: (client: QdrantClient) => Promise<T>): Promise<T> {
    for (let tried = 0; ; tried++) {
      try {
        return await request(this.#client);
      } catch (error) {
        if (tried === PAUSES.length || !isPassing(error)) throw qdrantFailure(this.shown, index, error);
        await delay(PAUSES[tried]);
      }
    }
  }
}

function parsedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const http = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url !== undefined && http && url.username === '' && url.password === '') return url;
  // The text is not repeated: it may hold a password.
  throw new ReptraceError(
    'CONFIG_INVALID',
    'the URL of Qdrant is not an http or https URL without a user',
    'Give one such as http://127.0.0.1:6333, and the API key apart.',
  );
}
