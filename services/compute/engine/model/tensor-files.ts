/**
 * Where each tensor of a model folder lies: from model.safetensors, or from the shards that
 * model.safetensors.index.json names. Reads headers only. Weights in Python pickles (pytorch_model.bin) are not read:
 * unpickling runs code.
 */
import { ReptraceError, reasonOf } from '../../../../lib/errors.ts';
import { isDType, type DType } from './dtype.ts';
import { isPlainFileName, openFile, readInto, readSmallFile, type Folder } from './folder-files.ts';
import { checkJsonBounds } from './json-bounds.ts';
import {
  LENGTH_BYTES,
  parseSafetensorsHeader,
  quoteName,
  safetensorsHeaderLength,
  type StoredDType,
  type TensorRecord,
} from './safetensors.ts';
import { parseStrictJson, type StrictJson } from './strict-json.ts';

export interface TensorInfo<D extends StoredDType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Name of the file within the folder. */
  readonly file: string;
  /** Bytes of that file when its header was checked. */
  readonly fileSize: number;
  /** First byte and one past the last, counted from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

/** A tensor before it is known to be a weight: a mask may be stored as BOOL. */
export type FoundTensor = TensorInfo<StoredDType>;

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const MAX_INDEX_BYTES = 1 << 26;
const MAX_SHARDS = 2048;

/** Every tensor in the folder's weight files, by name. As in transformers, a single file comes before an index. */
export async function findTensors(folder: Folder): Promise<Map<string, FoundTensor>> {
  const single = await readTensorFile(folder, SINGLE);
  if (single !== undefined) return single;

  const index = await readSmallFile(folder, INDEX, MAX_INDEX_BYTES);
  if (index === undefined) {
    throw new ReptraceError(
      'MODEL_NOT_FOUND',
      `The folder ${JSON.stringify(folder.path)} holds no weights: neither ${SINGLE} nor ${INDEX} is there.`,
      'Put the safetensors files into the folder; convert other formats (pytorch_model.bin) to safetensors first.',
    );
  }
  return readShards(folder, parseWeightMap(index));
}

async function readShards(
  folder: Folder,
  weightMap: ReadonlyMap<string, string>,
): Promise<Map<string, FoundTensor>> {
  const shards = [...new Set(weightMap.values())].sort();
  if (shards.length > MAX_SHARDS)
    throw invalid(`names ${shards.length} files; at most ${MAX_SHARDS} are read`);
  const tensors = new Map<string, FoundTensor>();
  for (const shard of shards) {
    const records = await readTensorFile(folder, shard);
    if (records === undefined) throw invalid(`names the file ${quoteName(shard)}, which is missing`);
    for (const [name, info] of records) {
      const expected = weightMap.get(name);
      if (expected !== shard) {
        const where = expected === undefined ? 'nowhere' : `in ${quoteName(expected)}`;
        throw invalid(`places the tensor ${quoteName(name)} ${where}, but it is in ${quoteName(shard)}`);
      }
      tensors.set(name, info);
    }
  }
  for (const [name, shard] of weightMap) {
    if (!tensors.has(name))
      throw invalid(`places the tensor ${quoteName(name)} in ${quoteName(shard)}: not there`);
  }
  return tensors;
}

/** The tensors of one file, by name; undefined when there is no such file. */
export async function readTensorFile(
  folder: Folder,
  name: string,
): Promise<Map<string, FoundTensor> | undefined> {
  const opened = await openFile(folder, name);
  if (opened === undefined) return undefined;
  const { file, size } = opened;
  let records: TensorRecord[];
  try {
    const first = new Uint8Array(Math.min(LENGTH_BYTES, size));
    await readInto(file, first, 0);
    const head = new Uint8Array(LENGTH_BYTES + safetensorsHeaderLength(first, size));
    const filled = await readInto(file, head, 0);
    records = parseSafetensorsHeader(head.subarray(0, filled), size);
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    throw new ReptraceError(error.code, `${name}: ${error.message}`, error.remedy, { cause: error });
  } finally {
    await file.close();
  }
  return new Map(
    records.map(({ name: tensor, dtype, shape, begin, end }) => [
      tensor,
      { dtype, shape, file: name, fileSize: size, begin, end },
    ]),
  );
}

/** Throws WEIGHTS_INVALID for a tensor that is stored as anything but floats. */
export function floatsOnly<T extends { readonly dtype: string }>(
  tensors: ReadonlyMap<string, T>,
): Map<string, T & { readonly dtype: DType }> {
  return new Map(
    [...tensors].map(([name, tensor]) => {
      if (isFloat(tensor)) return [name, tensor] as const;
      throw new ReptraceError(
        'WEIGHTS_INVALID',
        `The tensor ${quoteName(name)} is stored as ${tensor.dtype}; F32, F16 and BF16 are implemented.`,
        'Export the file again in one of these types.',
      );
    }),
  );
}

function isFloat<T extends { readonly dtype: string }>(tensor: T): tensor is T & { readonly dtype: DType } {
  return isDType(tensor.dtype);
}

function parseWeightMap(bytes: Uint8Array): Map<string, string> {
  let json: StrictJson;
  try {
    checkJsonBounds(bytes);
    json = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(`is not valid JSON: ${reasonOf(error)}`, error);
  }
  const map = json instanceof Map ? json.get('weight_map') : undefined;
  if (!(map instanceof Map)) throw invalid('has no "weight_map"');
  const weightMap = new Map<string, string>();
  for (const [tensor, shard] of map) {
    if (typeof shard !== 'string' || !isPlainFileName(shard) || !shard.endsWith('.safetensors')) {
      throw invalid(
        `places the tensor ${quoteName(tensor)} in something other than a safetensors file of the folder`,
      );
    }
    weightMap.set(tensor, shard);
  }
  return weightMap;
}

function invalid(what: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'WEIGHTS_INVALID',
    `${INDEX} ${what}.`,
    'Download the index and all the files that it names again.',
    { cause },
  );
}
