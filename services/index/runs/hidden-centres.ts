/**
 * The mean hidden states of an index with a base model, one for each of its layers, as they are kept beside its record: too
 * many numbers for what is written with every step of progress.
 */
import { createHash } from 'node:crypto';
import { ReptraceError } from '../../../lib/errors.ts';

export interface StoredCentres {
  /** Of each layer: base64 of float32, little-endian. */
  readonly layers: readonly string[];
}

/** @param centres of each layer [width] */
export function packCentres(centres: readonly Float32Array[]): StoredCentres {
  return { layers: centres.map((centre) => bytesOf(centre).toString('base64')) };
}

/** @param digest that they must have. Throws INTERNAL for what is stored otherwise. */
export function unpackCentres({ layers }: StoredCentres, digest: string, index: string): Float32Array[] {
  const parts = layers.map((layer) => Buffer.from(layer, 'base64'));
  if (parts.some(({ length }) => length % 4 !== 0) || digestOf(parts) !== digest) throw damaged(index);
  return parts.map((part) => new Float32Array(Uint8Array.from(part).buffer));
}

/** SHA-256, as TaughtManifest.hiddenCentres has it. */
export function centresDigest(centres: readonly Float32Array[]): string {
  return digestOf(centres.map(bytesOf));
}

export function damaged(index: string): ReptraceError {
  return new ReptraceError(
    'INTERNAL',
    `the hidden centres of index ${index} are not those that it was built with`,
    'Something else wrote or damaged them: restore the records from a backup, or build the index again.',
  );
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
