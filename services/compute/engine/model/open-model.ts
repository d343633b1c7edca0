/** Opens a model whatever its format: a folder with safetensors, a GGUF file, or a folder with one GGUF file. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ReptraceError } from '../../../../lib/errors.ts';
import { openFolder } from './folder-files.ts';
import { openGgufModel, type QuantizedWeights } from './gguf/gguf-model.ts';
import { openModelFolder } from './model-folder.ts';
import type { ModelSource } from './model-source.ts';

const GGUF = '.gguf';
const SAFETENSORS = /\.safetensors(?:\.index\.json)?$/;

export interface OpenModelOptions {
  /** What becomes of a GGUF file's quantised matrices: blocks as they are stored, or (by default) float32. */
  readonly quantized?: QuantizedWeights | undefined;
}

/** Opens what `path` names and checks everything but the weights' values. Safetensors come before GGUF. */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<ModelSource> {
  const gguf = await ggufOf(path);
  if (gguf === undefined) return openModelFolder(path);
  return openGgufModel(await openFolder(gguf.folder), gguf.name, options.quantized ?? 'widen');
}

/** The GGUF file that `path` names or holds; undefined when it is to be opened as a folder of safetensors. */
export async function ggufOf(path: string): Promise<{ folder: string; name: string } | undefined> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
  if (isFolder !== true) {
    return path.endsWith(GGUF) ? { folder: dirname(path), name: basename(path) } : undefined;
  }
  const names = await readdir(path).catch((): string[] => []);
  const files = names.filter((name) => name.endsWith(GGUF));
  const [name] = files;
  if (name === undefined || names.some((other) => SAFETENSORS.test(other))) return undefined;
  if (files.length === 1) return { folder: path, name };
  throw new ReptraceError(
    'MODEL_NOT_FOUND',
    `The folder ${JSON.stringify(path)} holds ${files.length} GGUF files: which one is meant?`,
    `Name one of them: ${files.sort().slice(0, 5).join(', ')}.`,
  );
}
