/**
 * What an architecture of GGUF files is to the engine: how its metadata become a config.json of its family, its tensors'
 * names, and what llama.cpp's converter changes in them. The rules are those of convert_hf_to_gguf.py (llama.cpp, MIT).
 */
import type { Fields } from '../../config-fields.ts';
import type { GgufMetadata } from '../gguf-metadata.ts';
import type { GgufValue } from '../gguf-values.ts';
import type { Layout } from '../layouts.ts';

export interface Architecture {
  /** general.architecture; the prefix of its keys. */
  readonly name: string;
  /** Keys that fields() reads, without the prefix. Any other is refused, since it may change what the model computes. */
  readonly keys: readonly string[];
  /** Keys that are not read, and the values of them that change nothing. */
  readonly neutral: Neutral;
  /** In the words of Hugging Face's config.json. What is undefined counts as absent. */
  fields(metadata: GgufMetadata): Fields;
  readonly names: TensorNames;
  /** How the tensor of a Hugging Face name is stored. */
  layout(huggingFace: string): Layout;
}

export type Neutral = Readonly<Record<string, readonly GgufValue[] | 'any'>>;

/** From GGUF to Hugging Face, without `.weight` and `.bias`. */
export interface TensorNames {
  readonly outer: Readonly<Record<string, string>>;
  /** What stands before the block's number: `model.layers`. */
  readonly blocks: string;
  readonly inBlock: Readonly<Record<string, string>>;
}
