/**
 * A PEFT adapter folder, opened and checked as far as it can be without its model: config and tensor headers. The
 * factors are read when they are needed.
 */
import { createHash } from 'node:crypto';
import { ReptraceError } from '../../../../../lib/errors.ts';
import { assertFinite, decodeFloats } from '../dtype.ts';
import { openFolder, readSmallFile, type Folder } from '../folder-files.ts';
import { floatsOnly, readTensorFile, type TensorInfo } from '../tensor-files.ts';
import { TensorReader } from '../tensor-reader.ts';
import { parseAdapterConfig, type LoraConfig } from './adapter-config.ts';
import type { NamedTensorInfo } from './adapter-tensors.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
const MAX_CONFIG_BYTES = 1 << 20;

/** Opens `dir` and checks everything but the values, and whether it fits a model. */
export async function openAdapter(dir: string): Promise<AdapterFolder> {
  const folder = await openFolder(dir, 'adapter');
  const bytes = await readSmallFile(folder, CONFIG, MAX_CONFIG_BYTES);
  if (bytes === undefined) throw missing(folder, CONFIG);
  const config = parseAdapterConfig(bytes);
  const tensors = await readTensorFile(folder, WEIGHTS);
  if (tensors === undefined) throw missing(folder, WEIGHTS);
  return new AdapterFolder(folder, config, floatsOnly(tensors));
}

export class AdapterFolder {
  readonly config: LoraConfig;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly #folder: Folder;

  /** Use openAdapter. */
  constructor(folder: Folder, config: LoraConfig, tensors: ReadonlyMap<string, TensorInfo>) {
    this.#folder = folder;
    this.config = config;
    this.tensors = tensors;
  }

  /** A whole tensor, refused when it holds a NaN or an infinity, and the SHA-256 of its stored bytes. */
  async read({ name, info }: NamedTensorInfo): Promise<{ values: Float32Array; hash: string }> {
    const reader = new TensorReader(this.#folder);
    try {
      const bytes = await reader.whole(name, info);
      assertFinite(name, info.dtype, bytes);
      const hash = createHash('sha256').update(bytes).digest('hex');
      return { values: decodeFloats(info.dtype, bytes), hash };
    } finally {
      await reader.close();
    }
  }
}

function missing(folder: Folder, file: string): ReptraceError {
  return new ReptraceError(
    'LORA_NOT_FOUND',
    `The folder ${JSON.stringify(folder.path)} holds no adapter: the file ${file} is missing.`,
    `Give a folder with ${CONFIG} and ${WEIGHTS}; convert adapter_model.bin to safetensors first.`,
  );
}
