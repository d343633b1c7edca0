/** Reads a whole safetensors file of our own making, such as a checkpoint; models are streamed (model-folder.ts). */
import { readFile } from 'node:fs/promises';
import type { DType } from './dtype.ts';
import { LENGTH_BYTES, parseSafetensorsHeader, safetensorsHeaderLength } from './safetensors.ts';
import { floatsOnly } from './tensor-files.ts';

export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Throws WEIGHTS_INVALID for a file that is damaged. */
export async function readSafetensors(path: string): Promise<Map<string, StoredTensor>> {
  const file = new Uint8Array(await readFile(path));
  const header = file.subarray(0, LENGTH_BYTES + safetensorsHeaderLength(file, file.length));
  const tensors = parseSafetensorsHeader(header, file.length).map(({ name, dtype, shape, begin, end }) => {
    return [name, { dtype, shape, bytes: file.slice(begin, end) }] as const;
  });
  return floatsOnly(new Map(tensors));
}
