/** A buffer packed as a whole, with its size known beforehand: pages of Parquet and buffers of Arrow. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { unpackHadoopLz4, unpackLz4, unpackLz4Frame, unpackSnappy } from './block-codecs.ts';
import { ZstdStream } from './zstd.ts';

/** Throws an Error for bytes that are not exactly `size` bytes packed. Never holds much more than `size`. */
export type Unpack = (input: Uint8Array, size: number) => Uint8Array;

export const UNPACK = {
  SNAPPY: unpackSnappy,
  GZIP: (input, size) => ofSize(gunzipSync(input, { maxOutputLength: Math.max(size, 1) }), size),
  BROTLI: (input, size) => ofSize(brotliDecompressSync(input, { maxOutputLength: Math.max(size, 1) }), size),
  ZSTD: unpackZstd,
  LZ4: unpackHadoopLz4,
  LZ4_RAW: unpackLz4,
  LZ4_FRAME: unpackLz4Frame,
} as const satisfies Readonly<Record<string, Unpack>>;

function unpackZstd(input: Uint8Array, size: number): Uint8Array {
  const stream = new ZstdStream();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of stream.push(input)) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > size) break;
  }
  if (bytes <= size) stream.end();
  const [only] = pieces;
  return ofSize(pieces.length === 1 ? only : Buffer.concat(pieces), size);
}

function ofSize(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.byteLength === size) return bytes;
  throw new Error(`it unpacks to another size than the ${size} bytes that it says`);
}
