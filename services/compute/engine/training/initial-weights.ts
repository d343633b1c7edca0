/** Where training begins: a folder's weights widened to float32, or fresh ones from a seed. */
import { decodeWeights } from '../model/gguf/dequantize.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { modelTensors, type TensorSpec } from '../model/model-tensors.ts';
import type { ModelSource } from '../model/model-source.ts';
import { elementCount } from '../device/tensor.ts';
import { tensorStream } from './streams.ts';

/** Gives a tensor's values when its turn comes, so that a model is never in host memory as a whole. */
export interface InitialValues {
  (spec: TensorSpec): Promise<Float32Array<ArrayBuffer>>;
  /** The model whose values they are, where they are a model's: what stays frozen is loaded from it as it is stored. */
  readonly model?: ModelSource;
}

export function fromModel(model: ModelSource): InitialValues {
  const valuesOf = async ({ name }: TensorSpec): Promise<Float32Array<ArrayBuffer>> => {
    const dtype = model.tensors.get(name)?.dtype ?? 'F32';
    return decodeWeights(dtype, await model.readTensor(name));
  };
  return Object.assign(valuesOf, { model });
}

/**
 * As transformers initialises Llama: matrices normal with standard deviation initializerRange, norms one, biases zero;
 * and the projections that write to the residual stream divided by sqrt(2 L) (GPT-2), which trains small models faster.
 */
export function fromSeed(config: ModelConfig, seed: number): InitialValues {
  const index = new Map(modelTensors(config).map(({ name }, i) => [name, i]));
  return (spec) => {
    const values = new Float32Array(elementCount(spec.shape));
    const isNorm = spec.kind === 'weight' && spec.shape.length === 1;
    if (isNorm) values.fill(1);
    else if (spec.kind === 'weight') {
      // A stream of its own for each tensor: what one holds does not depend on the others.
      const random = tensorStream(seed, index.get(spec.name) ?? 0, 'weights');
      const writesResidual = spec.part === 'attentionOutput' || spec.part === 'down';
      const deviation = config.initializerRange / (writesResidual ? Math.sqrt(2 * config.layers) : 1);
      for (let i = 0; i < values.length; i++) values[i] = random.normal() * deviation;
    }
    return Promise.resolve(values);
  };
}
