/** Checksums that a hub gives: SHA-256 of a large file, or what git calls a blob's id, SHA-1 over a header and the contents. */
import { createHash, type Hash } from 'node:crypto';

export interface BlobHash {
  update(bytes: Uint8Array): void;
  /** Hexadecimal. */
  digest(): string;
}

/** @param etag 64 hexadecimal digits (SHA-256) or 40 (git); says which it is to be compared with */
export function blobHash(etag: string, size: number): BlobHash {
  const hash: Hash = etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => hash.digest('hex'),
  };
}
