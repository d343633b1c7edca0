/** Brings a model's weights to the GPU: all of them at once, or, for a model larger than it, as they are needed. */
import type { Gpu } from '../device/gpu.ts';
import { assembleWeights } from './assemble.ts';
import type { AdaptedSource } from './lora/adapted-model.ts';
import { assembleAdaptedPair } from './lora/assemble-pair.ts';
import type { LoadWeightsOptions, ModelSource } from './model-source.ts';
import { StreamedWeights, type Streaming } from './streamed-weights.ts';
import { ResidentWeights, type WeightStore } from './weight-store.ts';
import { WeightUpload } from './weight-upload.ts';

export interface LoadedWeights {
  readonly weights: WeightStore;
  /** The model's digest, computed on the way. */
  readonly digest: string;
}

export interface LoadOptions extends LoadWeightsOptions {
  /** Largest binding to use, in bytes; default the adapter's. Smaller ones split matrices, for tests. */
  readonly bindingLimit?: number;
}

export interface StreamOptions extends LoadOptions, Streaming {}

/**
 * Throws what ModelSource.loadWeights throws, and OUT_OF_MEMORY when the GPU has no room for all weights; then nothing stays
 * there, and it can be used as before.
 */
export async function loadWeights(
  gpu: Gpu,
  source: ModelSource,
  options: LoadOptions = {},
): Promise<LoadedWeights> {
  const upload = new WeightUpload(gpu, source, source.config, bindingLimit(gpu, options));
  try {
    const weights = await gpu.allocating(() => assembleWeights(source.config, upload));
    const digest = await source.loadWeights((name, info, chunk, offset) => {
      upload.write(name, info.dtype, chunk, offset);
    }, options);
    await gpu.idle();
    return { weights: new ResidentWeights(weights, upload.buffers), digest };
  } catch (error) {
    for (const buffer of upload.buffers) buffer.destroy();
    throw error;
  }
}

/**
 * A model with an adapter, and its base: what the adapter leaves alone is there once, and the files are read once. The
 * adapted model's weights are to be closed before the base's, or with them. Throws as `loadWeights` does.
 */
export async function loadAdaptedPair(
  gpu: Gpu,
  source: AdaptedSource,
  options: LoadOptions = {},
): Promise<{ readonly base: LoadedWeights; readonly adapted: LoadedWeights }> {
  const { config } = source;
  const limit = bindingLimit(gpu, options);
  const upload = new WeightUpload(gpu, source.base, config, limit);
  const overlay = new WeightUpload(gpu, source, config, limit);
  try {
    const { base, adapted } = await gpu.allocating(() => assembleAdaptedPair(source, upload, overlay));
    const digests = await source.loadBoth(
      (name, { dtype }, chunk, offset) => {
        upload.write(name, dtype, chunk, offset);
        // Biases that could not be shared.
        if (!source.adapted.has(name)) overlay.write(name, dtype, chunk, offset);
      },
      (name, { dtype }, chunk, offset) => {
        overlay.write(name, dtype, chunk, offset);
      },
      options,
    );
    await gpu.idle();
    return {
      base: { weights: new ResidentWeights(base, upload.buffers), digest: digests.base },
      adapted: { weights: new ResidentWeights(adapted, overlay.buffers), digest: digests.adapted },
    };
  } catch (error) {
    for (const buffer of [...upload.buffers, ...overlay.buffers]) buffer.destroy();
    throw error;
  }
}

/** Reads all weights once, for the digest and for NaNs, and keeps the files open. Throws as `loadWeights` does. */
export async function streamWeights(
  gpu: Gpu,
  source: ModelSource,
  options: StreamOptions,
): Promise<LoadedWeights> {
  // Opened before the digest is made, so that what is read later is what it was made of.
  const reader = await source.openWeights();
  const limit = bindingLimit(gpu, options);
  let weights: StreamedWeights | undefined;
  try {
    weights = await gpu.allocating(
      () => new StreamedWeights(gpu, source, reader, { ...options, bindingLimit: limit }),
    );
    const digest = await source.loadWeights(weights.writeKept, options);
    await gpu.idle();
    return { weights, digest };
  } catch (error) {
    if (weights === undefined) await reader.close();
    else weights.close();
    throw error;
  }
}

export function bindingLimit({ report }: Gpu, options: LoadOptions = {}): number {
  return options.bindingLimit ?? report.limits['maxStorageBufferBindingSize'] ?? 0;
}
