/**
 * A model folder as Hugging Face writes it, opened and checked: config, tensors, tokenizer, template. Opening reads
 * headers only; the weights are then read once, in chunks, and hashed and checked for NaNs on the way.
 */
import { createHash } from 'node:crypto';
import { ReptraceError } from '../../../../lib/errors.ts';
import { assertFinite, DTYPE_BYTES } from './dtype.ts';
import { openFolder, type Folder } from './folder-files.ts';
import type { ModelConfig } from './model-config.ts';
import { matchTensors } from './model-tensors.ts';
import { modelDigest, type HashedTensor } from './model-digest.ts';
import type { LoadWeightsOptions, ModelSource, WeightReader, WeightVisitor } from './model-source.ts';
import { readModelText, type ModelText, type TextFiles } from './model-text.ts';
import { quoteName } from './safetensors.ts';
import type { ChatTemplate } from './template.ts';
import { findTensors, floatsOnly, type TensorInfo } from './tensor-files.ts';
import { TensorReader } from './tensor-reader.ts';
import type { ModelTokenizer } from './tokenizer.ts';

/** Opens `dir` and checks everything but the weights' values. */
export async function openModelFolder(dir: string): Promise<ModelFolder> {
  const folder = await openFolder(dir);
  const { text, files } = await readModelText(folder);
  const tensors = floatsOnly(matchTensors(text.config, await findTensors(folder)));
  return new ModelFolder(folder, text, files, tensors);
}

export class ModelFolder implements ModelSource {
  readonly path: string;
  readonly config: ModelConfig;
  readonly tokenizer: ModelTokenizer | null;
  readonly template: ChatTemplate | null;
  /** The tensors that the model consists of; others in its files are left out. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly #folder: Folder;
  readonly textFiles: TextFiles;
  #digest: string | undefined;

  /** Use openModelFolder. */
  constructor(folder: Folder, text: ModelText, files: TextFiles, tensors: ReadonlyMap<string, TensorInfo>) {
    this.path = text.path;
    this.config = text.config;
    this.tokenizer = text.tokenizer;
    this.template = text.template;
    this.tensors = tensors;
    this.#folder = folder;
    this.textFiles = files;
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
    this.#digest = modelDigest(this.config, this.textFiles, hashed);
    return this.#digest;
  }

  /** SHA-256 of tokenizer.json: equal for models that read text the same way; null without one. */
  get tokenizerDigest(): string | null {
    const bytes = this.textFiles['tokenizer.json'];
    return bytes === null ? null : createHash('sha256').update(bytes).digest('hex');
  }

  /** The model's digest: of the last reading of the weights, or of one made for it. */
  async digest(): Promise<string> {
    return this.#digest ?? (await this.loadWeights());
  }

  async openWeights(): Promise<WeightReader> {
    const reader = new TensorReader(this.#folder, { keep: true });
    try {
      // All of them now, so that a change is noticed from here on.
      for (const info of this.tensors.values()) await reader.open(info);
    } catch (error) {
      await reader.close();
      throw error;
    }
    return {
      read: async (names, visit, range) => {
        for (const name of names) {
          const info = this.#info(name);
          const bytes = DTYPE_BYTES[info.dtype];
          const [from, to] =
            range === undefined ? [] : [range.first * bytes, (range.first + range.count) * bytes];
          for await (const { chunk, offset } of reader.chunks(name, info, from, to)) {
            assertFinite(name, info.dtype, chunk);
            await visit(name, info, chunk, offset);
          }
        }
      },
      close: () => reader.close(),
    };
  }

  /** A whole tensor, as stored. */
  async readTensor(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const reader = new TensorReader(this.#folder);
    try {
      return await reader.whole(name, this.#info(name));
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
      'Ask for one of the names that modelTensors lists for its config.',
    );
  }
}

function cancelled(path: string): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    `Loading the model in ${JSON.stringify(path)} was cancelled.`,
    'Start again when you want the model.',
  );
}
