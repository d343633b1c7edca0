/**
 * Port: what a trainer trains. All of a model's tensors (parameters.ts), or an adapter's factors beside frozen weights
 * (lora/). Here is what both have: a trained tensor, with its gradient and AdamW's moments.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { USAGE, type Gpu } from '../device/gpu.ts';
import { byteLength, type Tensor } from '../device/tensor.ts';
import type { BlockContext, WeightGradSink } from '../model/block.ts';
import type { WeightStore } from '../model/weight-store.ts';

export interface ParameterSpec {
  /** As it is called in the files that training writes. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** One trained tensor, in float32 on the GPU. All four have the shape of its spec. */
export interface Parameter<Spec extends ParameterSpec = ParameterSpec> {
  readonly spec: Spec;
  readonly value: Tensor;
  readonly gradient: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: () => Promise<Float32Array>;
}

export interface Trained {
  readonly list: readonly Parameter[];
  /** What the model computes with: the parameters' values among them. The trainer's model closes it. */
  readonly weights: WeightStore;
  /** The first block, from 0, that has something to train: the backward goes no deeper. */
  readonly firstBlock: number;
  /** Takes the gradient of the token embedding; undefined where it is not trained. */
  readonly embeddingGradient: Tensor | undefined;
  /** Adds every gradient that a backward passes by to the parameters' gradients. */
  sink(context: BlockContext): WeightGradSink;
  /** The tensors as files hold them: an adapter's parameters may lie otherwise on the GPU. */
  stored(read: (tensor: Tensor) => Promise<Float32Array>): StoredTensor[];
  /** Frees the parameters. */
  close(): void;
}

/** Throws OUT_OF_MEMORY, naming the tensor, where it is larger than a binding: training does not split tensors. */
export function makeParameter<Spec extends ParameterSpec>(gpu: Gpu, spec: Spec): Parameter<Spec> {
  const size = Math.ceil(byteLength(spec.shape, 'f32') / 16) * 16;
  const limit = gpu.report.limits['maxStorageBufferBindingSize'] ?? 0;
  if (size > limit) {
    throw new ReptraceError(
      'OUT_OF_MEMORY',
      `${spec.name} takes ${size} bytes in float32; this adapter binds at most ${limit}`,
      'Train on a GPU with larger storage bindings, or a smaller model.',
    );
  }
  const tensor = (label: string): Tensor => ({
    buffer: gpu.device.createBuffer({
      label: `${label} of ${spec.name}`,
      size,
      usage: USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST,
    }),
    shape: spec.shape,
    dtype: 'f32',
  });
  return {
    spec,
    value: tensor('value'),
    gradient: tensor('gradient'),
    first: tensor('m'),
    second: tensor('v'),
  };
}

/** Writes the values that training begins with. */
export function writeValues(gpu: Gpu, { value }: Parameter, values: Float32Array<ArrayBuffer>): void {
  gpu.device.queue.writeBuffer(value.buffer, 0, values);
}

export function closeParameter({ value, gradient, first, second }: Parameter): void {
  for (const tensor of [value, gradient, first, second]) tensor.buffer.destroy();
}
