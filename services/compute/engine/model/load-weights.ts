/** Streams a model's weights to the GPU, all of them (weight-upload.ts says how). */
import type { Gpu } from '../device/gpu.ts';
import { assembleWeights } from './assemble.ts';
import type { LoadWeightsOptions, ModelSource } from './model-source.ts';
import { WeightUpload } from './weight-upload.ts';
import type { ModelWeights } from './weights.ts';

export interface LoadedWeights {
  readonly weights: ModelWeights;
  /** The model's digest, computed on the way. */
  readonly digest: string;
  /** Every buffer that the model owns. */
  readonly buffers: readonly GPUBuffer[];
}

export interface LoadOptions extends LoadWeightsOptions {
  /** Largest binding to use, in bytes; default the adapter's. Smaller ones split matrices, for tests. */
  readonly bindingLimit?: number;
}

/** Throws what ModelSource.loadWeights throws; then nothing stays on the GPU. */
export async function loadWeights(
  gpu: Gpu,
  source: ModelSource,
  options: LoadOptions = {},
): Promise<LoadedWeights> {
  const limit = options.bindingLimit ?? gpu.report.limits['maxStorageBufferBindingSize'] ?? 0;
  const upload = new WeightUpload(gpu, source, source.config, limit);
  try {
    const weights = assembleWeights(source.config, upload);
    const digest = await source.loadWeights((name, info, chunk, offset) => {
      upload.write(name, info.dtype, chunk, offset);
    }, options);
    await gpu.idle();
    return { weights, digest, buffers: upload.buffers };
  } catch (error) {
    for (const buffer of upload.buffers) buffer.destroy();
    throw error;
  }
}
