/** The measured values and models that tests compare with, in a folder beside the checkout. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { decodeFloats } from '../services/compute/engine/model/dtype.ts';
import { parseSafetensorsHeader } from '../services/compute/engine/model/safetensors.ts';

const ROOT = new URL('../../shared/', import.meta.url);

/** The path of a file or folder in ../shared. Throws a sentence that says what is missing. */
export function sharedPath(name: string): string {
  const url = new URL(name, ROOT);
  if (!existsSync(url)) {
    throw new Error(`this test needs ../shared/${name}, beside the checkout, and it is not there`);
  }
  return url.pathname;
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
  const bytes = await readFile(sharedPath(name));
  const tensors = new Map<string, NamedTensor>();
  const headerLength = Number(bytes.readBigUInt64LE(0));
  for (const { name: tensor, dtype, shape, begin, end } of parseSafetensorsHeader(
    bytes.subarray(0, 8 + headerLength),
    bytes.length,
  )) {
    tensors.set(tensor, { shape, values: decodeFloats(dtype, Uint8Array.from(bytes.subarray(begin, end))) });
  }
  return tensors;
}
