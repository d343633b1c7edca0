/**
 * A Hugging Face hub on this machine, with the paths and headers of the real one: repository info, listings in pages, small
 * files from the hub itself, large ones by a redirect to another host, ranges, gated and private repositories.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface HubRepo {
  readonly kind: 'model' | 'dataset';
  readonly name: string;
  /** By branch or tag; commits are named by themselves. */
  readonly refs: Readonly<Record<string, string>>;
  /** By commit. */
  readonly commits: Readonly<Record<string, Readonly<Record<string, Buffer>>>>;
  /** Who may read the files: nobody without this token. */
  readonly gated?: string;
  /** Who may know of it at all. */
  readonly private?: string;
}

export interface HubRequest {
  readonly host: 'hub' | 'store';
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  /** Bytes of the body that were sent. */
  sent: number;
}

export interface HubOptions {
  readonly repos: readonly HubRepo[];
  /** Files from this size on are large: listed with a SHA-256, and kept by the other host. */
  readonly largeFrom?: number;
  readonly pageSize?: number;
  /** Answers before anything else; true: it did. */
  readonly before?: (request: HubRequest, response: ServerResponse) => boolean;
  /** Changes what the listing says. */
  readonly listing?: (entries: Record<string, unknown>[]) => unknown[];
  /** Large bodies go out in parts of so many bytes, with this pause between them. */
  readonly slow?: { readonly bytes: number; readonly ms: number };
  /** The large bodies' bytes as they are sent. */
  readonly corrupt?: (path: string, body: Buffer) => Buffer;
  readonly noRanges?: boolean;
}

export interface LocalHub {
  readonly endpoint: string;
  readonly requests: HubRequest[];
  /** Paths below /resolve/ or at the store, in the order in which they were asked for. */
  readonly fileRequests: () => HubRequest[];
  close(): Promise<void>;
}

const LARGE_FROM = 4096;

export async function startHub(options: HubOptions): Promise<LocalHub> {
  const requests: HubRequest[] = [];
  const serve =
    (host: 'hub' | 'store', answer: (request: HubRequest, response: ServerResponse) => Promise<void>) =>
    (incoming: IncomingMessage, response: ServerResponse): void => {
      const { url = '/', headers } = incoming;
      const { range, authorization } = headers;
      const request: HubRequest = { host, path: url, range, authorization, sent: 0 };
      requests.push(request);
      response.on('error', () => undefined);
      if (options.before?.(request, response) === true) return;
      answer(request, response).catch(() => response.destroy());
    };
  const store = createServer(serve('store', (request, response) => fromStore(options, request, response)));
  const storeUrl = await listening(store);
  const hub = createServer(
    serve('hub', (request, response) => fromHub(options, storeUrl, request, response)),
  );
  const endpoint = await listening(hub);
  return {
    endpoint,
    requests,
    fileRequests: () => requests.filter(({ host, path }) => host === 'store' || path.includes('/resolve/')),
    close: async () => {
      await Promise.all([hub, store].map(closed));
    },
  };
}

export function gitSha1(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function fromHub(
  options: HubOptions,
  store: string,
  request: HubRequest,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.path, 'http://hub');
  const api = /^\/api\/(model|dataset)s\/([^/]+\/[^/]+)(?:\/(revision|tree)\/([^/]+))?$/.exec(url.pathname);
  const file = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
  const kind = api === null ? (file?.[1] === undefined ? 'model' : 'dataset') : api[1];
  const repo = options.repos.find(
    (one) => one.kind === kind && one.name === (api === null ? file?.[2] : api[2]),
  );
  const may = (token: string | undefined): boolean =>
    token === undefined || request.authorization === `Bearer ${token}`;
  if (repo === undefined || !may(repo.private)) {
    refuse(response, request.authorization === undefined ? 401 : 404, 'RepoNotFound');
    return;
  }
  if (api !== null && api[3] === undefined) {
    json(response, { id: repo.name });
    return;
  }
  const revision = decodeURIComponent((api === null ? file?.[3] : api[4]) ?? '');
  const commit = revision in repo.commits ? revision : repo.refs[revision];
  const files = repo.commits[commit];
  if (files === undefined) {
    refuse(response, 404, 'RevisionNotFound');
    return;
  }
  if (api !== null && api[3] === 'revision') {
    json(response, { _id: '1', id: repo.name, sha: commit, private: false, lastModified: 0 });
    return;
  }
  if (api !== null) {
    listed(options, url, files, response);
    return;
  }
  if (!may(repo.gated)) {
    refuse(response, request.authorization === undefined ? 401 : 403, 'GatedRepo');
    return;
  }
  const path = decodeURIComponent(file?.[4] ?? '');
  const body = files[path];
  if (body === undefined) {
    refuse(response, 404, 'EntryNotFound');
    return;
  }
  response.setHeader('x-repo-commit', commit);
  if (isLarge(options, body)) {
    response.setHeader('x-linked-etag', `"${sha256(body)}"`);
    response.setHeader('x-linked-size', body.length);
    response
      .writeHead(302, { location: `${store}/${repo.name}/${commit}/${encodeURIComponent(path)}` })
      .end();
    return;
  }
  response.setHeader('etag', `"${gitSha1(body)}"`);
  return sendBody(options, request, response, body);
}

async function fromStore(options: HubOptions, request: HubRequest, response: ServerResponse): Promise<void> {
  const [, org, name, commit = '', path = ''] = request.path.split('/');
  const repo = options.repos.find((one) => one.name === `${org}/${name}`);
  const body = repo?.commits[commit]?.[decodeURIComponent(path)];
  if (body === undefined) {
    refuse(response, 404, '');
    return;
  }
  await sendBody(options, request, response, options.corrupt?.(decodeURIComponent(path), body) ?? body);
}

async function sendBody(
  { slow, noRanges = false }: HubOptions,
  request: HubRequest,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  const from = noRanges ? undefined : /^bytes=(\d+)-$/.exec(request.range ?? '')?.[1];
  const part = body.subarray(Number(from ?? 0));
  response.setHeader('content-length', part.length);
  if (from !== undefined) {
    response.writeHead(206, { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` });
  }
  const step = slow?.bytes ?? body.length;
  for (let at = 0; at < part.length && !response.destroyed; at += step) {
    if (slow !== undefined && at > 0) await sleep(slow.ms);
    const chunk = part.subarray(at, at + step);
    request.sent += chunk.length;
    response.write(chunk);
  }
  response.end();
}

function listed(
  options: HubOptions,
  url: URL,
  files: Readonly<Record<string, Buffer>>,
  response: ServerResponse,
): void {
  const folders = new Set(Object.keys(files).flatMap((path) => path.split('/').slice(0, -1)));
  const own: Record<string, unknown>[] = [
    ...[...folders].map((path) => ({ type: 'directory', oid: '0'.repeat(40), size: 0, path })),
    ...Object.entries(files).map(([path, body]) => {
      const entry = { type: 'file', oid: gitSha1(body), size: body.length, path };
      if (!isLarge(options, body)) return entry;
      const lfs = { oid: sha256(body), size: body.length, pointerSize: 130 };
      return { ...entry, oid: '1'.repeat(40), lfs, xetHash: '2'.repeat(64) };
    }),
  ];
  const entries = options.listing?.(own) ?? own;
  const size = options.pageSize ?? 1000;
  const from = Number(url.searchParams.get('cursor') ?? 0);
  if (from + size < entries.length) {
    url.searchParams.set('cursor', String(from + size));
    const host = `http://127.0.0.1:${(response.socket?.localPort ?? 0).toString()}`;
    response.setHeader('link', `<${host}${url.pathname}${url.search}>; rel="next"`);
  }
  json(response, entries.slice(from, from + size));
}

function isLarge({ largeFrom = LARGE_FROM }: HubOptions, body: Buffer): boolean {
  return body.length >= largeFrom;
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'x-error-code': code, 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: code }));
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
