/**
 * The digest of an adapter, and of a model with one.
 *
 * An adapter's is the SHA-256 of these lines, joined by newlines:
 *
 *   reptrace lora adapter 1
 *   scale NUMBER                 what B·A is multiplied by, in its shortest decimal form; rank and targets show in the tensors
 *   tensor NAME DTYPE SHAPE HASH as in a model's digest (model-digest.ts), sorted by name
 *
 * and that of the adapted model the SHA-256 of `reptrace adapted model 1`, the base's digest and the adapter's. So
 * neither depends on paths, on the order of tensors in the file, or on options that do not change results.
 */
import { createHash } from 'node:crypto';
import type { HashedTensor } from '../model-digest.ts';

export function adapterDigest(scale: number, tensors: readonly HashedTensor[]): string {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sha256([
    'reptrace lora adapter 1',
    `scale ${scale}`,
    ...sorted.map(
      ({ name, dtype, shape, hash }) => `tensor ${JSON.stringify(name)} ${dtype} ${shape.join(',')} ${hash}`,
    ),
  ]);
}

export function adaptedDigest(base: string, adapter: string): string {
  return sha256(['reptrace adapted model 1', base, adapter]);
}

function sha256(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
