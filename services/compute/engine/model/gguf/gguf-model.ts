/**
 * A GGUF file as a model: opening reads its header and the text files beside it; the weights are then read in chunks,
 * hashed as stored, dequantised to float32 where they are quantised, brought into Hugging Face's order, and checked for
 * NaNs. Never more than a chunk is held.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ReptraceError } from '../../../../../lib/errors.ts';
import { assertFinite, DTYPE_BYTES, isDType, type DType } from '../dtype.ts';
import { openFile, readInto, type Folder } from '../folder-files.ts';
import type { ModelConfig } from '../model-config.ts';
import { matchTensors } from '../model-tensors.ts';
import { modelDigest, type HashedTensor } from '../model-digest.ts';
import type { LoadWeightsOptions, ModelSource, WeightVisitor } from '../model-source.ts';
import { readConfig, readModelText, type ModelText, type TextFiles } from '../model-text.ts';
import { quoteName } from '../safetensors.ts';
import type { ChatTemplate } from '../template.ts';
import type { ModelTokenizer } from '../tokenizer.ts';
import { settleConfig } from './config-beside.ts';
import { dequantize } from './dequantize.ts';
import { ggufConfig } from './gguf-config.ts';
import { ggufInvalid } from './gguf-cursor.ts';
import { readGgufFile, type GgufFile } from './gguf-file.ts';
import type { GgufTensor } from './gguf-header.ts';
import { hasRotaryRows, huggingFaceName, ROPE_FACTORS } from './gguf-names.ts';
import { BLOCKS } from './gguf-types.ts';
import { undoRotaryRows } from './rotary-rows.ts';

/** Values of one chunk: 8 MiB of float32. A multiple of every block. */
const CHUNK_VALUES = 1 << 21;
/** Values of one attention head, which must be whole in a chunk. Llama 3.1 405B has 2^21. */
const MAX_HEAD_VALUES = 1 << 24;

/** A tensor of the model: `stored` as the file has it, the rest as the model gets it. */
interface ModelTensor {
  readonly stored: GgufTensor;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Opens the GGUF file `name` of `folder` and checks everything but the weights' values. */
export async function openGgufModel(folder: Folder, name: string): Promise<GgufModel> {
  const file = await readGgufFile(folder, name);
  const own = ggufConfig(name, file);
  const factors = await readRopeFactors(file);
  const config = settleConfig(name, own, await readConfig(folder), factors);
  const found = new Map<string, ModelTensor>();
  for (const [tensor, stored] of file.tensors) {
    if (tensor === ROPE_FACTORS) continue;
    // Quantised weights are widened; the others stay as they are stored.
    const dtype = isDType(stored.dtype) ? stored.dtype : 'F32';
    found.set(huggingFaceName(tensor), { stored, dtype, shape: stored.shape });
  }
  const tensors = matchTensors(config, found);
  const { text, files } = await readModelText(folder, config);
  return new GgufModel(file, text, files, tensors);
}

export class GgufModel implements ModelSource {
  /** Of the folder that the file lies in. */
  readonly path: string;
  readonly config: ModelConfig;
  readonly tokenizer: ModelTokenizer | null;
  readonly template: ChatTemplate | null;
  readonly tensors: ReadonlyMap<string, ModelTensor>;
  readonly tokenizerDigest: string | null;
  readonly #file: GgufFile;
  readonly #files: TextFiles;
  #digest: string | undefined;

  /** Use openGgufModel. */
  constructor(file: GgufFile, text: ModelText, files: TextFiles, tensors: ReadonlyMap<string, ModelTensor>) {
    this.path = text.path;
    this.config = text.config;
    this.tokenizer = text.tokenizer;
    this.template = text.template;
    this.tensors = tensors;
    const json = files['tokenizer.json'];
    this.tokenizerDigest = json === null ? null : createHash('sha256').update(json).digest('hex');
    this.#file = file;
    this.#files = files;
  }

  async loadWeights(visit?: WeightVisitor, options: LoadWeightsOptions = {}): Promise<string> {
    const hashed: HashedTensor[] = [];
    const opened = await reopen(this.#file);
    try {
      for (const name of [...this.tensors.keys()].sort()) {
        const tensor = this.#tensor(name);
        const hash = createHash('sha256');
        for await (const { stored, chunk, offset } of this.#chunks(opened, name, tensor)) {
          if (options.signal?.aborted === true) throw cancelled(this.#file.name);
          hash.update(stored);
          await visit?.(name, tensor, chunk, offset);
        }
        const dtype = `gguf.${tensor.stored.dtype}` as const;
        hashed.push({ name, dtype, shape: tensor.shape, hash: hash.digest('hex') });
      }
    } finally {
      await opened.close();
    }
    this.#digest = modelDigest(this.config, this.#files, hashed);
    return this.#digest;
  }

  async digest(): Promise<string> {
    return this.#digest ?? (await this.loadWeights());
  }

  async readTensor(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const tensor = this.#tensor(name);
    const values = tensor.shape.reduce((product, size) => product * size, 1);
    const bytes = new Uint8Array(values * DTYPE_BYTES[tensor.dtype]);
    const opened = await reopen(this.#file);
    try {
      for await (const { chunk, offset } of this.#chunks(opened, name, tensor)) bytes.set(chunk, offset);
    } finally {
      await opened.close();
    }
    return bytes;
  }

  /** Checked parts of a tensor, each overwritten by the next: as stored, and as the model gets them. */
  async *#chunks(
    opened: FileHandle,
    name: string,
    { stored: info, dtype, shape }: ModelTensor,
  ): AsyncGenerator<{
    stored: Uint8Array<ArrayBuffer>;
    chunk: Uint8Array<ArrayBuffer>;
    offset: number;
  }> {
    const block = BLOCKS[info.dtype];
    const { headDim } = this.config;
    const rowValues = shape.slice(1).reduce((product, size) => product * size, 1);
    const headValues = hasRotaryRows(name) ? headDim * rowValues : undefined;
    if (headValues !== undefined && headValues > MAX_HEAD_VALUES) throw headTooLarge(info.name, headValues);
    const values = (info.end - info.begin) * (block.values / block.bytes);
    const step =
      headValues === undefined
        ? CHUNK_VALUES
        : Math.max(1, Math.floor(CHUNK_VALUES / headValues)) * headValues;
    const most = Math.min(step, values);
    const width = DTYPE_BYTES[dtype];
    const stored = new Uint8Array((most / block.values) * block.bytes);
    const widened = dtype === info.dtype ? undefined : new Float32Array(most);
    const ordered = headValues === undefined ? undefined : new Uint8Array(most * width);

    for (let first = 0; first < values; first += most) {
      const count = Math.min(most, values - first);
      const bytes = stored.subarray(0, (count / block.values) * block.bytes);
      const position = info.begin + (first / block.values) * block.bytes;
      if ((await readInto(opened, bytes, position)) !== bytes.byteLength) throw changed(this.#file.name);
      let chunk = bytes;
      if (widened !== undefined) {
        dequantize(info.dtype, bytes, widened.subarray(0, count));
        chunk = new Uint8Array(widened.buffer, 0, count * width);
      }
      assertFinite(info.name, dtype, chunk);
      if (ordered !== undefined) {
        const out = ordered.subarray(0, chunk.byteLength);
        undoRotaryRows(chunk, headDim, rowValues * width, out);
        chunk = out;
      }
      yield { stored: bytes, chunk, offset: first * width };
    }
  }

  #tensor(name: string): ModelTensor {
    const tensor = this.tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw new ReptraceError(
      'WEIGHTS_INVALID',
      `The model in ${JSON.stringify(this.#file.name)} has no tensor ${quoteName(name)}.`,
      'Ask for one of the names that modelTensors lists for its config.',
    );
  }
}

/** llama3's rotary factors, where the file has them: a small vector, whatever the file says. */
async function readRopeFactors(file: GgufFile): Promise<Float32Array | undefined> {
  const info = file.tensors.get(ROPE_FACTORS);
  if (info === undefined) return undefined;
  const bytes = info.end - info.begin;
  if (info.dtype !== 'F32' || bytes > 1 << 16)
    throw ggufInvalid(`has ${ROPE_FACTORS} that are no vector of float32`);
  const factors = new Float32Array(bytes / 4);
  const opened = await reopen(file);
  try {
    if ((await readInto(opened, new Uint8Array(factors.buffer), info.begin)) !== bytes)
      throw changed(file.name);
  } finally {
    await opened.close();
  }
  return factors;
}

async function reopen({ folder, name, size }: GgufFile): Promise<FileHandle> {
  const opened = await openFile(folder, name);
  if (opened === undefined) throw changed(name);
  if (opened.size === size) return opened.file;
  await opened.file.close();
  throw changed(name);
}

function changed(file: string): ReptraceError {
  return new ReptraceError(
    'WEIGHTS_INVALID',
    `The file ${JSON.stringify(file)} was changed or removed while the model was in use.`,
    'Let no other program write to the model, and open it again.',
  );
}

function headTooLarge(tensor: string, values: number): ReptraceError {
  return new ReptraceError(
    'CONFIG_UNSUPPORTED',
    `A head of tensor ${quoteName(tensor)} has ${values} values; at most ${MAX_HEAD_VALUES} are put in order.`,
    'Convert the model to safetensors.',
  );
}

function cancelled(file: string): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    `Loading the model ${JSON.stringify(file)} was cancelled.`,
    'Start again when you want the model.',
  );
}
