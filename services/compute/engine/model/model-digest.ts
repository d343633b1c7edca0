/**
 * The digest that a model is known by: equal for models that give equal results, whatever their folder is called and
 * however their weights are split into files.
 *
 * It is the SHA-256 of these lines, joined by newlines:
 *
 *   reptrace model 2
 *   config JSON                  every field of ModelConfig but `dtype` and `initializerRange`, keys sorted; so two
 *                                spellings of one config give one digest, and what is not read does not count
 *   file NAME HASH               for tokenizer.json, tokenizer_config.json and chat_template.jinja, in this order:
 *                                SHA-256 of the file's bytes, or `absent`
 *   tensor NAME DTYPE SHAPE HASH for every tensor that the model uses, sorted by name (code units): name as JSON,
 *                                shape joined by commas, SHA-256 of the stored bytes
 *
 * A GGUF file's tensors have the dtype `gguf.TYPE`, Hugging Face names and shapes, and the hash of the file's own bytes.
 *
 * Not covered: paths, file names and sharding, safetensors metadata, config fields that do not change results
 * (transformers_version, the declared dtype, ...), tensors that the model does not use, generation_config.json.
 */
import { createHash } from 'node:crypto';
import type { DType } from './dtype.ts';
import type { GgufDType } from './gguf/gguf-types.ts';
import type { ModelConfig } from './model-config.ts';
import { TEXT_FILES, type TextFiles } from './model-text.ts';
import type { TensorInfo } from './tensor-files.ts';

export interface HashedTensor extends Pick<TensorInfo, 'shape'> {
  readonly name: string;
  readonly dtype: DType | `gguf.${GgufDType}`;
  /** SHA-256 of the payload, hexadecimal. */
  readonly hash: string;
}

/** 64 hexadecimal digits. `tensors` may be in any order. */
export function modelDigest(config: ModelConfig, files: TextFiles, tensors: readonly HashedTensor[]): string {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = [
    'reptrace model 2',
    `config ${JSON.stringify(whatCounts(config))}`,
    ...TEXT_FILES.map((name) => `file ${name} ${hashOf(files[name])}`),
    ...sorted.map(
      ({ name, dtype, shape, hash }) => `tensor ${JSON.stringify(name)} ${dtype} ${shape.join(',')} ${hash}`,
    ),
  ];
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

function whatCounts(config: ModelConfig): unknown {
  return sortKeys({ ...config, dtype: undefined, initializerRange: undefined });
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}

function hashOf(bytes: Uint8Array | null): string {
  return bytes === null ? 'absent' : createHash('sha256').update(bytes).digest('hex');
}
