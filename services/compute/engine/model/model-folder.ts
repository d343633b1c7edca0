/**
 * A model folder as Hugging Face writes it, opened and checked: config, tensors, tokenizer, template. Opening reads
 * headers only; the weights are then read once, in chunks, and hashed and checked for NaNs on the way.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ReptraceError } from '../../../../lib/errors.ts';
import { assertFinite } from './dtype.ts';
import { openFile, openFolder, readInto, type Folder } from './folder-files.ts';
import type { LlamaConfig } from './llama-config.ts';
import { matchLlamaTensors } from './llama-tensors.ts';
import { modelDigest, type HashedTensor } from './model-digest.ts';
import type { LoadWeightsOptions, ModelSource, WeightVisitor } from './model-source.ts';
import { readModelText, type ModelText, type TextFiles } from './model-text.ts';
import { quoteName } from './safetensors.ts';
import type { ChatTemplate } from './template.ts';
import { findTensors, type TensorInfo } from './tensor-files.ts';
import type { ModelTokenizer } from './tokenizer.ts';

/** Large enough to be fast, small beside any model, and a multiple of every element size. */
const CHUNK_BYTES = 1 << 23;

/** Opens `dir` and checks everything but the weights' values. */
export async function openModelFolder(dir: string): Promise<ModelFolder> {
  const folder = await openFolder(dir);
  const { text, files } = await readModelText(folder);
  const tensors = matchLlamaTensors(text.config, await findTensors(folder));
  return new ModelFolder(folder, text, files, tensors);
}

export class ModelFolder implements ModelSource {
  readonly path: string;
  readonly config: LlamaConfig;
  readonly tokenizer: ModelTokenizer | null;
  readonly template: ChatTemplate | null;
  /** The tensors that the model consists of; others in its files are left out. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly #folder: Folder;
  readonly #files: TextFiles;
  #digest: string | undefined;

  /** Use openModelFolder. */
  constructor(folder: Folder, text: ModelText, files: TextFiles, tensors: ReadonlyMap<string, TensorInfo>) {
    this.path = text.path;
    this.config = text.config;
    this.tokenizer = text.tokenizer;
    this.template = text.template;
    this.tensors = tensors;
    this.#folder = folder;
    this.#files = files;
  }

  /**
   * Reads all weights once, tensor by tensor in the order of their names, refusing NaNs and infinities, and gives
   * every part to `visit` after it was checked.
   * @returns the model's digest (see model-digest.ts)
   */
  async loadWeights(visit?: WeightVisitor, options: LoadWeightsOptions = {}): Promise<string> {
    const hashed: HashedTensor[] = [];
    const reader = new TensorReader(this.#folder);
    try {
      for (const name of [...this.tensors.keys()].sort()) {
        const info = this.#info(name);
        const hash = createHash('sha256');
        for await (const { chunk, offset } of reader.chunks(name, info)) {
          if (options.signal?.aborted === true) throw cancelled(this.path);
          assertFinite(name, info.dtype, chunk);
          hash.update(chunk);
          await visit?.(name, info, chunk, offset);
        }
        hashed.push({ name, dtype: info.dtype, shape: info.shape, hash: hash.digest('hex') });
      }
    } finally {
      await reader.close();
    }
    this.#digest = modelDigest(this.config, this.#files, hashed);
    return this.#digest;
  }

  /** SHA-256 of tokenizer.json: equal for models that read text the same way; null without one. */
  get tokenizerDigest(): string | null {
    const bytes = this.#files['tokenizer.json'];
    return bytes === null ? null : createHash('sha256').update(bytes).digest('hex');
  }

  /** The model's digest: of the last reading of the weights, or of one made for it. */
  async digest(): Promise<string> {
    return this.#digest ?? (await this.loadWeights());
  }

  /** A whole tensor, as stored. */
  async readTensor(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const info = this.#info(name);
    // The header was checked against the file: this is never more than the file has.
    const bytes = new Uint8Array(info.end - info.begin);
    for await (const { chunk, offset } of this.readTensorChunks(name)) bytes.set(chunk, offset);
    return bytes;
  }

  /** A tensor as stored, in parts of whole elements; a part is overwritten by the next. */
  async *readTensorChunks(name: string): AsyncGenerator<TensorChunk> {
    const reader = new TensorReader(this.#folder);
    try {
      yield* reader.chunks(name, this.#info(name));
    } finally {
      await reader.close();
    }
  }

  #info(name: string): TensorInfo {
    const info = this.tensors.get(name);
    if (info !== undefined) return info;
    throw new ReptraceError(
      'WEIGHTS_INVALID',
      `The model in ${JSON.stringify(this.path)} has no tensor ${quoteName(name)}.`,
      'Ask for one of the names that llamaTensors lists for its config.',
    );
  }
}

export interface TensorChunk {
  readonly chunk: Uint8Array<ArrayBuffer>;
  /** Bytes of the tensor before this chunk. */
  readonly offset: number;
}

/** Reads tensors through one buffer and one open file at a time. */
class TensorReader {
  readonly #folder: Folder;
  #open: { name: string; file: FileHandle } | undefined;
  #buffer: Uint8Array<ArrayBuffer> | undefined;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  async *chunks(name: string, info: TensorInfo): AsyncGenerator<TensorChunk> {
    const file = await this.#file(info);
    const size = info.end - info.begin;
    for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, size - offset);
      const chunk = this.#space(length);
      if ((await readInto(file, chunk, info.begin + offset)) !== length) throw changed(info.file, name);
      yield { chunk, offset };
    }
  }

  async close(): Promise<void> {
    await this.#open?.file.close();
    this.#open = undefined;
  }

  async #file(info: TensorInfo): Promise<FileHandle> {
    if (this.#open?.name === info.file) return this.#open.file;
    await this.close();
    const opened = await openFile(this.#folder, info.file);
    if (opened === undefined) throw changed(info.file);
    this.#open = { name: info.file, file: opened.file };
    if (opened.size !== info.fileSize) throw changed(info.file);
    return opened.file;
  }

  #space(length: number): Uint8Array<ArrayBuffer> {
    if (this.#buffer === undefined || this.#buffer.byteLength < length) this.#buffer = new Uint8Array(length);
    return this.#buffer.subarray(0, length);
  }
}

function changed(file: string, tensor?: string): ReptraceError {
  const where = tensor === undefined ? '' : ` (reading tensor ${quoteName(tensor)})`;
  return new ReptraceError(
    'WEIGHTS_INVALID',
    `The file ${JSON.stringify(file)} was changed or removed while the model was in use${where}.`,
    'Let no other program write to the model folder, and open it again.',
  );
}

function cancelled(path: string): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    `Loading the model in ${JSON.stringify(path)} was cancelled.`,
    'Start again when you want the model.',
  );
}
