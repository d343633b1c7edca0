/**
 * Where a model's weights come from: a Hugging Face folder, and whatever else can give the same tensors under the same
 * names. What loads, digests and trains models knows only this.
 */
import type { Fields } from './config-fields.ts';
import type { GgufDType } from './gguf/gguf-types.ts';
import type { ModelText, TextFiles } from './model-text.ts';

/** How a source gives a tensor: floats; or, of a matrix in a GGUF file, ggml's quantised blocks as they are stored. */
export interface SourceTensor {
  readonly dtype: GgufDType;
  readonly shape: readonly number[];
}

/**
 * Takes a part of a tensor: whole elements (of blocks, an even number but at the end), starting `offset` bytes into it.
 * Parts of a tensor need not come in the order of their offsets. `chunk` is reused after the visit (and what it returns) is
 * done: copy what must stay. It is aligned to 4 bytes.
 */
export type WeightVisitor = (
  name: string,
  info: SourceTensor,
  chunk: Uint8Array<ArrayBuffer>,
  offset: number,
) => void | Promise<void>;

export interface LoadWeightsOptions {
  readonly signal?: AbortSignal;
}

/** Some consecutive values of a tensor. */
export interface ValueRange {
  readonly first: number;
  readonly count: number;
}

/** Open files of a model, from which tensors are read again and again. */
export interface WeightReader {
  /**
   * Gives every part of these tensors to `visit`, as `loadWeights` does, one tensor after the other; or of the values
   * from `first` on, which begin and end with rows. Not to be called again before it has ended. Throws WEIGHTS_NOT_FINITE,
   * and WEIGHTS_INVALID where a file has changed since it was opened.
   */
  read(names: readonly string[], visit: WeightVisitor, range?: ValueRange): Promise<void>;
  close(): Promise<void>;
}

export interface ModelSource extends ModelText {
  /** The tensors that the model consists of, by Hugging Face names, as `loadWeights` gives them. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  /** The model's config.json as its metadata give it, rotary factors apart; none where it lies beside the weights. */
  readonly configJson?: Fields | undefined;
  /** What decides how text becomes tokens, as Hugging Face's files: as they lie there, or made from GGUF metadata. */
  readonly textFiles: TextFiles;
  /** Equal for models that read text the same way; null without a tokenizer. */
  readonly tokenizerDigest: string | null;
  /**
   * Reads all weights once, tensor by tensor, refusing NaNs and infinities, and gives every part to `visit`.
   * @returns the model's digest
   */
  loadWeights(visit?: WeightVisitor, options?: LoadWeightsOptions): Promise<string>;
  digest(): Promise<string>;
  /** The caller closes it. */
  openWeights(): Promise<WeightReader>;
  /** A whole tensor, in the dtype that `tensors` names. */
  readTensor(name: string): Promise<Uint8Array<ArrayBuffer>>;
}
