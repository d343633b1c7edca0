/** The measured values and models that tests compare with, in a folder beside the checkout. */
import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { decodeFloats } from '../services/compute/engine/model/dtype.ts';
import { readSafetensors } from '../services/compute/engine/model/read-safetensors.ts';

const ROOT = new URL('../../shared/', import.meta.url);

/** The real path of a file or folder in ../shared. Throws a sentence that says what is missing. */
export function sharedPath(name: string): string {
  const url = new URL(name, ROOT);
  if (!existsSync(url)) {
    throw new Error(`this test needs ../shared/${name}, beside the checkout, and it is not there`);
  }
  return realpathSync(url);
}

export async function sharedJson(name: string): Promise<unknown> {
  return JSON.parse(await readFile(sharedPath(name), 'utf8'));
}

export interface NamedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** All tensors of a safetensors file, in float32. */
export async function sharedTensors(name: string): Promise<Map<string, NamedTensor>> {
  const tensors = await readSafetensors(sharedPath(name));
  return new Map(
    [...tensors].map(([tensor, { dtype, shape, bytes }]) => [
      tensor,
      { shape, values: decodeFloats(dtype, bytes) },
    ]),
  );
}
