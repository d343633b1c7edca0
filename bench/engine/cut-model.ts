/** The first blocks and rows of the vocabulary of a model, with its real weights: for a software adapter's sake. */
import { bytesFor } from '../../services/compute/engine/model/gguf/gguf-types.ts';
import { modelTensors } from '../../services/compute/engine/model/model-tensors.ts';
import type {
  ModelSource,
  SourceTensor,
  WeightVisitor,
} from '../../services/compute/engine/model/model-source.ts';

export function cutModel(source: ModelSource, layers: number, vocabSize: number): ModelSource {
  const { path, tokenizer, template, textFiles, tokenizerDigest } = source;
  const config = { ...source.config, layers, vocabSize, windows: source.config.windows.slice(0, layers) };
  const tensors = new Map<string, SourceTensor>();
  for (const { name, shape } of modelTensors(config)) {
    const dtype = source.tensors.get(name)?.dtype;
    if (dtype !== undefined) tensors.set(name, { dtype, shape });
  }
  /** Bytes that are left of a tensor. */
  const sizeOf = (name: string): number => {
    const tensor = tensors.get(name);
    return tensor === undefined
      ? 0
      : bytesFor(
          tensor.dtype,
          tensor.shape.reduce((a, b) => a * b, 1),
        );
  };
  /** Gives on what is left of a part. */
  const cut =
    (visit: WeightVisitor | undefined): WeightVisitor =>
    async (name, { dtype }, chunk, offset) => {
      const left = sizeOf(name) - offset;
      const shape = tensors.get(name)?.shape ?? [];
      if (left > 0) await visit?.(name, { dtype, shape }, chunk.subarray(0, left), offset);
    };
  return {
    ...{ path, config, tokenizer, template, textFiles, tokenizerDigest, tensors },
    loadWeights: (visit, options) => source.loadWeights(cut(visit), options),
    digest: () => source.digest(),
    openWeights: async () => {
      const reader = await source.openWeights();
      return { read: (names, visit) => reader.read(names, cut(visit)), close: () => reader.close() };
    },
    readTensor: async (name) => (await source.readTensor(name)).subarray(0, sizeOf(name)),
  };
}
