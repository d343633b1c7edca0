/**
 * Writes any model as a Hugging Face folder: safetensors, config.json, tokenizer and template. Quantised weights are widened,
 * an adapter is merged, as the source gives them. One tensor is in memory at a time.
 */
import { join } from 'node:path';
import { ReptraceError, reasonOf } from '../../../../../lib/errors.ts';
import { DTYPE_BYTES, isDType, type DType } from '../dtype.ts';
import { configInvalid } from '../config-fields.ts';
import { openFolder, readSmallFile } from '../folder-files.ts';
import { parseBoundedJson } from '../json-bounds.ts';
import type { ModelSource } from '../model-source.ts';
import { writeSafetensors } from '../safetensors-writer.ts';
import { newFolder } from './new-folder.ts';
import { exactDType, toDType } from './output-dtype.ts';
import { planShards, SHARD_BYTES, shardIndex, type Sized } from './shards.ts';
import { carriedFiles, writeFiles } from './text-files.ts';
import { configText, writtenConfig } from './written-config.ts';

export interface ConvertOptions {
  /** The folder to make; it may be there, and empty. */
  readonly out: string;
  /** Default: the one that all tensors have, else float32. */
  readonly dtype?: DType | undefined;
  /** Bytes of one weight file at most. */
  readonly shardBytes?: number | undefined;
  readonly signal?: AbortSignal;
  /** Bytes of weights that are written, and of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Converted {
  readonly dtype: DType;
  readonly tensors: number;
  /** Of the weights. */
  readonly bytes: number;
  readonly files: readonly string[];
  /** False: the source gives no tokenizer files, and transformers will not find a tokenizer in the folder. */
  readonly hasTokenizer: boolean;
}

const MAX_CONFIG_BYTES = 1 << 20;

/**
 * Throws INPUT_INVALID (the folder is not empty), DISK_FULL, WEIGHTS_NOT_FINITE (a weight beyond the precision's range),
 * CONFIG_UNSUPPORTED, CANCELLED, and what reading the model throws. Nothing is left where it throws.
 */
export async function convertModel(source: ModelSource, options: ConvertOptions): Promise<Converted> {
  const { out, shardBytes = SHARD_BYTES, onProgress } = options;
  const dtype = options.dtype ?? exactDType([...source.tensors.values()].map((tensor) => tensor.dtype));
  const config = writtenConfig(source.config, (await configBeside(source)) ?? source.configJson ?? {}, dtype);
  const texts = await carriedFiles(source);
  const tensors = [...source.tensors].map(([name, { shape }]) => ({
    ...{ name, shape, bytes: shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]) },
  }));
  const shards = planShards(tensors, shardBytes);
  const index = shardIndex(shards);
  const files = new Map<string, Uint8Array | string>([
    ...texts,
    ['config.json', configText(config)],
    ...(index === null
      ? []
      : [['model.safetensors.index.json', `${JSON.stringify(index, undefined, 2)}\n`] as const]),
  ]);
  const total = sum(tensors);
  let done = 0;
  await newFolder(out, total, async (folder) => {
    for (const { file, tensors: group } of shards) {
      await writeSafetensors(
        join(folder, file),
        group.map(({ name, shape, bytes }) => ({
          ...{ name, dtype, shape },
          data: async () => {
            if (options.signal?.aborted === true) throw cancelled();
            const converted = toDType(name, floatDType(source, name), await source.readTensor(name), dtype);
            done += bytes;
            onProgress?.(done, total);
            return converted;
          },
        })),
      );
    }
    await writeFiles(folder, files);
  });
  return {
    ...{ dtype, tensors: tensors.length, bytes: total, hasTokenizer: texts.has('tokenizer.json') },
    files: [...shards.map(({ file }) => file), ...files.keys()],
  };
}

/** config.json as it lies beside the weights. */
async function configBeside({ path }: ModelSource): Promise<Readonly<Record<string, unknown>> | undefined> {
  const bytes = await readSmallFile(await openFolder(path), 'config.json', MAX_CONFIG_BYTES);
  if (bytes === undefined) return undefined;
  let json: unknown;
  try {
    json = parseBoundedJson(bytes);
  } catch (error) {
    throw configInvalid(`it is not valid JSON: ${reasonOf(error).slice(0, 200)}`);
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { ...json };
  throw configInvalid('it is not an object');
}

function floatDType({ tensors }: ModelSource, name: string): DType {
  const dtype = tensors.get(name)?.dtype;
  if (dtype !== undefined && isDType(dtype)) return dtype;
  throw new Error(`convertModel needs a source of floats; ${name} is ${String(dtype)}`);
}

function sum(tensors: readonly Sized[]): number {
  return tensors.reduce((all, { bytes }) => all + bytes, 0);
}

function cancelled(): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    'interrupted; nothing was written',
    'Convert again when you want the folder.',
  );
}
