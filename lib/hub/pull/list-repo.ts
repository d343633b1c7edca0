/**
 * What a repository holds at a revision: the commit, and its files with their sizes and checksums. The requests are those of
 * @huggingface/hub; what comes back is checked here, since the library passes on whatever a server says.
 */
import { datasetInfo, listFiles, modelInfo } from '@huggingface/hub';
import { reasonOf, ReptraceError } from '../../errors.ts';
import { isSafeFile } from '../file-name.ts';
import { DEFAULT_REVISION, isCommit } from '../hub-name.ts';
import { Interrupted, TRIES, type HubClient } from './hub-client.ts';
import { downloadInvalid, unreachable } from './hub-errors.ts';

export interface RepoFile {
  /** Relative to the repository, slashes between folders; safe to join to a folder. */
  readonly path: string;
  readonly size: number;
  /** SHA-256 of the contents (large files), or git's SHA-1 of its blob; also the name of the contents in the cache. */
  readonly etag: string;
}

export interface RepoListing {
  readonly commit: string;
  readonly files: readonly RepoFile[];
}

const MAX_PAGE_BYTES = 1 << 25;
const MAX_PAGES = 1000;
const MAX_FILES = 100_000;
/** The hub takes no larger ones. */
const MAX_FILE_BYTES = 2 ** 40;
const SHA256 = /^[0-9a-f]{64}$/;
const SHA1 = /^[0-9a-f]{40}$/;

/** Throws what HubClient.open throws. */
export async function listRepo(client: HubClient): Promise<RepoListing> {
  const { name, endpoint } = client.subject;
  const request = { hubUrl: endpoint, fetch: boundedFetch(client) };
  const revision = name.revision ?? DEFAULT_REVISION;
  const about = { ...request, name: name.repo, revision, additionalFields: ['sha' as const] };
  const { sha } = name.kind === 'model' ? await modelInfo(about) : await datasetInfo(about);
  if (typeof sha !== 'string' || !isCommit(sha)) throw malformed('names no commit');

  const files = new Map<string, RepoFile>();
  const repo = { type: name.kind, name: name.repo } as const;
  for await (const entry of listFiles({ ...request, repo, revision: sha, recursive: true })) {
    if (files.size === MAX_FILES) throw malformed(`lists more than ${MAX_FILES} files`);
    const file = checkedFile(entry);
    if (file === undefined) continue;
    if (files.has(file.path)) throw malformed(`lists ${shown(file.path)} twice`);
    files.set(file.path, file);
  }
  return { commit: sha, files: [...files.values()] };
}

/** Undefined for a folder. */
function checkedFile(entry: unknown): RepoFile | undefined {
  if (!isObject(entry)) throw malformed('lists something that is no file');
  if (entry['type'] === 'directory') return undefined;
  const { path, size, oid, lfs } = entry;
  if (typeof path !== 'string' || !isSafeFile(path)) {
    throw downloadInvalid(
      `the repository has a file named ${shown(path)}, which would not stay in its folder`,
      'Do not use this repository: no honest one has such a name.',
    );
  }
  const large = isObject(lfs) ? lfs : undefined;
  const bytes = large?.['size'] ?? size;
  const etag = large === undefined ? oid : large['oid'];
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0 || bytes > MAX_FILE_BYTES) {
    throw malformed(`gives ${shown(path)} no possible size`);
  }
  if (typeof etag !== 'string' || !(large === undefined ? SHA1 : SHA256).test(etag)) {
    throw malformed(`gives ${shown(path)} no checksum`);
  }
  return { path, size: bytes, etag };
}

/** What the library is given for fetch: answers read as a whole, up to a bound, in a bounded number. */
function boundedFetch(client: HubClient): typeof fetch {
  let pages = 0;
  return async (input) => {
    if (++pages > MAX_PAGES) throw malformed('goes on without an end');
    const url = input instanceof Request ? input.url : input.toString();
    for (let failures = 0; ;) {
      const { response, chunks, close } = await client.open(url, { accept: 'application/json' });
      try {
        return await readWhole(response, chunks());
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        if (++failures === TRIES) throw unreachable(client.subject, reasonOf(error), error);
      } finally {
        await close();
      }
      await client.wait(failures);
    }
  };
}

async function readWhole(response: Response, chunks: AsyncGenerator<Uint8Array>): Promise<Response> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > MAX_PAGE_BYTES) throw malformed(`has a page of more than ${MAX_PAGE_BYTES} bytes`);
    parts.push(chunk);
  }
  const text = Buffer.concat(parts).toString('utf8');
  try {
    JSON.parse(text);
  } catch (error) {
    throw malformed('is not JSON', error);
  }
  const link = response.headers.get('link');
  return new Response(text, { headers: link === null ? {} : { link } });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 200);
}

function malformed(what: string, cause?: unknown): ReptraceError {
  return downloadInvalid(
    `the hub's answer about the repository ${what}`,
    'Check that HF_ENDPOINT is the address of a Hugging Face-compatible hub.',
    cause,
  );
}
