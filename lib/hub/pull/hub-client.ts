/**
 * Requests to a hub: the token goes to the endpoint's own origin and nowhere else, redirects are followed by hand because
 * of that, what may pass is tried again, and an answer that stops coming is given up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, ReptraceError } from '../../errors.ts';
import type { HubName } from '../hub-name.ts';
import { IdleTimeout } from './idle-timeout.ts';
import {
  cancelled,
  downloadInvalid,
  noFile,
  noRepository,
  noRevision,
  refused,
  unreachable,
  type Subject,
} from './hub-errors.ts';
import type { HubSettings } from './hub-settings.ts';

export interface ClientOptions extends HubSettings {
  readonly name: HubName;
  readonly signal?: AbortSignal | undefined;
  /** How long nothing may come before a request is given up. */
  readonly idleMs?: number;
  /** The first wait before another try; each further one doubles it. */
  readonly retryMs?: number;
}

/** A body that stopped short, or a connection that broke: worth another try, from where it stopped. */
export class Interrupted extends Error {}

export interface OpenResponse {
  readonly response: Response;
  /** The body's parts. Throws Interrupted when it breaks off. */
  readonly chunks: () => AsyncGenerator<Uint8Array>;
  /** To be called when nothing more is read. */
  readonly close: () => Promise<void>;
}

export const TRIES = 5;
const MAX_REDIRECTS = 5;
const LATER: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const MAX_WAIT_MS = 120_000;

export class HubClient {
  readonly subject: Subject;
  readonly #options: ClientOptions;
  readonly #origin: string;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#origin = new URL(options.endpoint).origin;
    const { name, endpoint, token } = options;
    this.subject = { name, endpoint, hasToken: token !== undefined };
  }

  /**
   * An answer of 200 or 206 (or 416, where a range was asked for).
   * @param file what is asked for, where it is a file
   * Throws UNAUTHENTICATED, MODEL_NOT_FOUND, DATASET_NOT_FOUND, SERVICE_UNAVAILABLE, DOWNLOAD_INVALID, CANCELLED.
   */
  async open(url: string, headers: Readonly<Record<string, string>>, file?: string): Promise<OpenResponse> {
    for (let failures = 0; ;) {
      let why: string;
      let waitMs: number | undefined;
      let cause: unknown;
      try {
        const opened = await this.#follow(url, headers);
        const { response } = opened;
        const { status } = response;
        if (status === 200 || status === 206 || (status === 416 && 'range' in headers)) return opened;
        await opened.close();
        if (!LATER.has(status)) throw await this.#failure(response, file);
        why = `it answered ${status}`;
        waitMs = retryAfter(response.headers.get('retry-after'));
        if (waitMs !== undefined && waitMs > MAX_WAIT_MS) {
          throw unreachable(
            this.subject,
            `${why}, and wants to be asked again in ${Math.ceil(waitMs / 1000)} s only`,
          );
        }
      } catch (error) {
        if (error instanceof ReptraceError) throw error;
        why = networkReason(error);
        cause = error;
      }
      if (++failures === TRIES) throw unreachable(this.subject, why, cause);
      await this.wait(failures, waitMs);
    }
  }

  /** Before another try. Throws CANCELLED. */
  async wait(failures: number, ms = (this.#options.retryMs ?? 1000) * 2 ** (failures - 1)): Promise<void> {
    const { signal } = this.#options;
    await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    if (isAborted(signal)) throw cancelled();
  }

  /** Throws Interrupted or what fetch throws. */
  async #follow(start: string, headers: Readonly<Record<string, string>>): Promise<OpenResponse> {
    let url = new URL(start);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const opened = await this.#request(url, headers);
      const location = [301, 302, 303, 307, 308].includes(opened.response.status)
        ? opened.response.headers.get('location')
        : null;
      if (location === null) return opened;
      await opened.close();
      const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
      const isWorse = url.protocol === 'https:' && next?.protocol !== 'https:';
      if (next === undefined || !['http:', 'https:'].includes(next.protocol) || isWorse) {
        throw downloadInvalid(
          `the hub redirects to ${JSON.stringify(location.slice(0, 200))}, which is not followed`,
        );
      }
      url = next;
    }
    throw downloadInvalid(`the hub redirects more than ${MAX_REDIRECTS} times`);
  }

  async #request(url: URL, headers: Readonly<Record<string, string>>): Promise<OpenResponse> {
    const { token, signal, idleMs = 60_000 } = this.#options;
    if (isAborted(signal)) throw cancelled();
    const idle = new IdleTimeout(idleMs, signal);
    const credentials =
      token !== undefined && url.origin === this.#origin ? { authorization: `Bearer ${token}` } : {};
    try {
      const response = await fetch(url, {
        // Sizes, ranges and checksums are of the file itself.
        headers: { 'accept-encoding': 'identity', 'user-agent': 'reptrace', ...headers, ...credentials },
        redirect: 'manual',
        signal: idle.signal,
      });
      idle.touch();
      return opened(response, idle, signal);
    } catch (error) {
      idle.end();
      if (isAborted(signal)) throw cancelled();
      throw new Interrupted(networkReason(error), { cause: error });
    }
  }

  /** What an answer that is no success means. */
  async #failure({ status, headers }: Response, file: string | undefined): Promise<ReptraceError> {
    const code = headers.get('x-error-code');
    if (code === 'RevisionNotFound') return noRevision(this.subject);
    if (code === 'RepoNotFound' && (status === 404 || this.subject.hasToken))
      return noRepository(this.subject);
    if (status === 401 || status === 403) return refused(this.subject, status, code);
    if (status !== 404) return downloadInvalid(`the hub answered ${status}, which it should not`);
    if (file !== undefined) return noFile(this.subject, file);
    // A hub that does not say what is missing: is the repository there at all?
    const { name, endpoint } = this.subject;
    const isThere = await this.#follow(`${endpoint}/api/${name.kind}s/${name.repo}`, {}).then(
      async ({ response, close }) => {
        await close();
        return response.ok;
      },
      (error: unknown) => {
        if (error instanceof ReptraceError) throw error;
        return false;
      },
    );
    return isThere ? noRevision(this.subject) : noRepository(this.subject);
  }
}

function opened(response: Response, idle: IdleTimeout, signal: AbortSignal | undefined): OpenResponse {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    try {
      for await (const chunk of response.body) {
        idle.touch();
        yield chunk as Uint8Array;
      }
    } catch (error) {
      if (isAborted(signal)) throw cancelled();
      throw new Interrupted(networkReason(error), { cause: error });
    }
  }
  const close = async (): Promise<void> => {
    idle.end();
    await response.body?.cancel().catch(() => undefined);
  };
  return { response, chunks, close };
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Milliseconds; a number of seconds, or a date. */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** fetch says "fetch failed" and keeps the reason below it. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && cause.message !== '') return networkReason(cause);
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return reasonOf(error);
}
