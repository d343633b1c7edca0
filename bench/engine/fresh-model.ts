/** A model with fresh weights on the GPU, in the precision that its config names: for shapes without a checkpoint. */
import { USAGE, type Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { WeightDtype } from '../../services/compute/engine/device/tensor.ts';
import { assembleWeights } from '../../services/compute/engine/model/assemble.ts';
import { encodeFloats } from '../../services/compute/engine/model/dtype.ts';
import { Model, type ModelOptions } from '../../services/compute/engine/model/model.ts';
import { ResidentWeights } from '../../services/compute/engine/model/weight-store.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { modelTensors, type TensorSpec } from '../../services/compute/engine/model/model-tensors.ts';
import { fromSeed } from '../../services/compute/engine/training/initial-weights.ts';

const SEED = 1;

/** @param initial what tensors begin with @param options of the model: a recorder and scratch memory that it shares, say */
export async function freshModel(
  gpu: Gpu,
  config: ModelConfig,
  initial: (spec: TensorSpec) => Promise<Float32Array<ArrayBuffer>> = fromSeed(config, SEED),
  options: ModelOptions = {},
): Promise<Model> {
  const stored = config.dtype ?? 'F32';
  const buffers = new Map<string, GPUBuffer>();
  for (const spec of modelTensors(config)) {
    // As the loader does: matrices in their stored precision, vectors widened to float32.
    const bytes = encodeFloats(spec.shape.length === 2 ? stored : 'F32', await initial(spec));
    const buffer = gpu.device.createBuffer({
      label: spec.name,
      size: Math.ceil(bytes.byteLength / 16) * 16,
      usage: USAGE.STORAGE | USAGE.COPY_DST,
    });
    gpu.device.queue.writeBuffer(buffer, 0, bytes);
    buffers.set(spec.name, buffer);
  }
  const named = (name: string): GPUBuffer => {
    const buffer = buffers.get(name);
    if (buffer === undefined) throw new Error(`the model has no tensor ${name}`);
    return buffer;
  };
  const weights = assembleWeights(config, {
    projection: ({ weight, bias, outputs, inputs }) => {
      const dtype = stored.toLowerCase() as WeightDtype;
      const w = { buffer: named(weight.name), rows: outputs, columns: inputs, rowOffset: 0, dtype };
      if (bias === undefined) return [{ w, bias }];
      return [{ w, bias: { buffer: named(bias.name), shape: bias.shape, dtype: 'f32' } }];
    },
    vector: ({ name, shape }) => ({ buffer: named(name), shape, dtype: 'f32' }),
  });
  return new Model(gpu, config, new ResidentWeights(weights, [...buffers.values()]), options);
}
