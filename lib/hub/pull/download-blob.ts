/**
 * One file's contents, fetched into `blobs/ETAG.incomplete` and renamed when all is there and its checksum is right. What a
 * killed process left is gone on with by a Range request; writes go to their places in the file, so that two processes that
 * fetch the same write the same.
 */
import { constants } from 'node:fs';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent } from '../../absent.ts';
import { reasonOf, ReptraceError } from '../../errors.ts';
import { blobHash, type BlobHash } from './blob-hash.ts';
import { Interrupted, TRIES, type HubClient } from './hub-client.ts';
import { downloadInvalid, unreachable } from './hub-errors.ts';
import type { RepoFile } from './list-repo.ts';

const READ_BYTES = 1 << 22;

/**
 * @param url where the contents are
 * @param onBytes how many bytes more are there (fewer, when it must begin anew)
 * Throws DOWNLOAD_INVALID (wrong checksum or size; nothing is left of it then) and what HubClient.open throws.
 */
export async function downloadBlob(
  client: HubClient,
  url: string,
  file: RepoFile,
  blobs: string,
  onBytes: (more: number) => void,
): Promise<void> {
  const target = join(blobs, file.etag);
  const incomplete = `${target}.incomplete`;
  // A link in its place would be written through.
  const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
  const handle = await open(incomplete, flags, 0o666);
  try {
    const transfer = new Transfer(client, url, file, handle, onBytes);
    await transfer.takeUp();
    await transfer.finish();
    if (transfer.digest() !== file.etag) {
      throw downloadInvalid(
        `the contents of ${JSON.stringify(file.path)} do not have the checksum that the hub lists`,
      );
    }
    await handle.sync();
  } catch (error) {
    const isWrong = error instanceof ReptraceError && error.code === 'DOWNLOAD_INVALID';
    if (isWrong) await rm(incomplete, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(incomplete, target).catch(async (error: unknown) => {
    // Another process was faster, with the same contents.
    const isThere =
      isAbsent(error) &&
      (await stat(target).then(
        ({ size }) => size === file.size,
        () => false,
      ));
    if (!isThere) throw error;
  });
}

class Transfer {
  readonly #client: HubClient;
  readonly #url: string;
  readonly #file: RepoFile;
  readonly #handle: FileHandle;
  readonly #onBytes: (more: number) => void;
  #hash: BlobHash;
  /** Bytes that are there, and in the hash. */
  #at = 0;

  constructor(
    client: HubClient,
    url: string,
    file: RepoFile,
    handle: FileHandle,
    onBytes: (more: number) => void,
  ) {
    this.#client = client;
    this.#url = url;
    this.#file = file;
    this.#handle = handle;
    this.#onBytes = onBytes;
    this.#hash = blobHash(file.etag, file.size);
  }

  digest(): string {
    return this.#hash.digest();
  }

  /** Hashes what is there already. */
  async takeUp(): Promise<void> {
    const { size } = await this.#handle.stat();
    if (size > this.#file.size) {
      await this.#handle.truncate(0);
      return;
    }
    const buffer = new Uint8Array(Math.min(size, READ_BYTES));
    while (this.#at < size) {
      const { bytesRead } = await this.#handle.read(
        buffer,
        0,
        Math.min(buffer.length, size - this.#at),
        this.#at,
      );
      if (bytesRead === 0) return;
      this.#count(buffer.subarray(0, bytesRead));
    }
  }

  /** Fetches the rest, however often it breaks off, as long as something comes. */
  async finish(): Promise<void> {
    for (let failures = 0; this.#at < this.#file.size;) {
      const before = this.#at;
      try {
        await this.#fetchRest();
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        failures = this.#at > before ? 1 : failures + 1;
        if (failures === TRIES) throw unreachable(this.#client.subject, reasonOf(error), error);
        await this.#client.wait(failures);
      }
    }
  }

  async #fetchRest(): Promise<void> {
    const { path, size } = this.#file;
    const headers = this.#at > 0 ? { range: `bytes=${this.#at}-` } : {};
    const { response, chunks, close } = await this.#client.open(this.#url, headers, path);
    try {
      if (response.status === 416) {
        this.#beginAnew();
        throw new Interrupted('the hub does not give the rest of the file');
      }
      if (response.status === 200 && this.#at > 0) this.#beginAnew();
      if (response.status === 206) this.#checkRange(response.headers.get('content-range'));
      for await (const chunk of chunks()) {
        if (this.#at + chunk.byteLength > size) throw this.#wrongSize('more');
        await writeAll(this.#handle, chunk, this.#at);
        this.#count(chunk);
      }
    } finally {
      await close();
    }
    if (this.#at < size) throw new Interrupted(`${path} broke off at ${this.#at} of ${size} bytes`);
  }

  #count(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#at += bytes.byteLength;
    this.#onBytes(bytes.byteLength);
  }

  /** What is there is written over, never cut off: another process may be about to finish it. */
  #beginAnew(): void {
    this.#onBytes(-this.#at);
    this.#at = 0;
    this.#hash = blobHash(this.#file.etag, this.#file.size);
  }

  #checkRange(range: string | null): void {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range ?? '') ?? [];
    if (Number(from) !== this.#at) {
      throw downloadInvalid(
        `the hub sent another part of ${JSON.stringify(this.#file.path)} than was asked for`,
      );
    }
    if (total !== '*' && Number(total) !== this.#file.size) throw this.#wrongSize(total ?? 'other');
  }

  #wrongSize(what: string): Error {
    const { path, size } = this.#file;
    return downloadInvalid(`the hub lists ${JSON.stringify(path)} with ${size} bytes, and sends ${what}`);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}
