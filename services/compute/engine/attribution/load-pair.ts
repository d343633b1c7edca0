/**
 * Brings a fine-tuned model and its base to the GPU together. Where the model is the base with an adapter, the weights that both
 * have are there once. Either gives the same results, to the last bit, as when it is loaded alone.
 */
import { resolve } from 'node:path';
import { byteSizeText } from '../../../../lib/byte-size.ts';
import { ReptraceError } from '../../../../lib/errors.ts';
import type { Gpu } from '../device/gpu.ts';
import { assertFits, assertOther } from '../model/fitting-base.ts';
import {
  bindingLimit,
  loadAdaptedPair,
  loadWeights,
  type LoadedWeights,
  type LoadOptions,
} from '../model/load-weights.ts';
import { isAdapted, type AdaptedSource } from '../model/lora/adapted-model.ts';
import type { ModelSource } from '../model/model-source.ts';
import { Model } from '../model/model.ts';
import { loadModel, roomOn, type FittingOptions } from './load-model.ts';
import { weightBytes } from './memory-plan.ts';
import type { ModelPair } from './taught-signatures.ts';

export interface LoadedPair extends ModelPair {
  /** Frees both. Safe to call twice. */
  close(): void;
}

/**
 * Within a bound, or where the device refuses all weights, each model is loaded with half of the memory, its blocks in turn
 * where it must be. Throws what `assertFits` and `assertOther` throw, and as `loadModel` does.
 * @param options `onStreaming` is told of the first of the two that is streamed
 */
export async function loadPair(
  gpu: Gpu,
  tuned: ModelSource,
  base: ModelSource,
  options: FittingOptions = {},
): Promise<LoadedPair> {
  assertFits(tuned, base);
  if (options.memory !== undefined) return loadHalves(gpu, tuned, base, options.memory, options);
  try {
    return await loadWholePair(gpu, tuned, base, options);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    // What the device could not take when it was asked for more is not known to be the weights' fault.
    gpu.assertHealthy();
    const limit = bindingLimit(gpu, options);
    const room = await roomOn(gpu, weightBytes(tuned, limit).total + weightBytes(base, limit).total);
    if (room === undefined) throw error;
    return loadHalves(gpu, tuned, base, room, options);
  }
}

/** All weights on the GPU. Throws as `loadPair` does, and OUT_OF_MEMORY where they have no room; then nothing stays there. */
export async function loadWholePair(
  gpu: Gpu,
  tuned: ModelSource,
  base: ModelSource,
  options: LoadOptions = {},
): Promise<LoadedPair> {
  assertFits(tuned, base);
  return isAdapterOf(tuned, base)
    ? loadSharing(gpu, tuned, options)
    : loadBothWhole(gpu, tuned, base, options);
}

/** Whether a model is the base with an adapter: then the base's tensors are in both. */
function isAdapterOf(tuned: ModelSource, base: ModelSource): tuned is AdaptedSource {
  if (!isAdapted(tuned)) return false;
  if (tuned.base === base) return true;
  if (isAdapted(base) || resolve(tuned.base.path) !== resolve(base.path)) return false;
  // One file may be opened with its quantised matrices widened, or kept.
  return [...base.tensors].every(([name, { dtype }]) => tuned.base.tensors.get(name)?.dtype === dtype);
}

async function loadSharing(gpu: Gpu, tuned: AdaptedSource, options: LoadOptions): Promise<LoadedPair> {
  const { base, adapted } = await loadAdaptedPair(gpu, tuned, options);
  return wholePair(gpu, [tuned, adapted], [tuned.base, base]);
}

async function loadBothWhole(
  gpu: Gpu,
  tuned: ModelSource,
  base: ModelSource,
  options: LoadOptions,
): Promise<LoadedPair> {
  const before = await loadWeights(gpu, base, options);
  const after = await loadWeights(gpu, tuned, options).catch((error: unknown) => {
    before.weights.close();
    throw error;
  });
  return checked(wholePair(gpu, [tuned, after], [base, before]), base);
}

type Loaded = readonly [source: ModelSource, loaded: LoadedWeights];

/** They compute one after the other, so one recorder and the scratch memory of one do for both. */
function wholePair(gpu: Gpu, [tunedSource, after]: Loaded, [baseSource, before]: Loaded): LoadedPair {
  const base = new Model(gpu, baseSource.config, before.weights, { digest: before.digest });
  const { recorder, arena } = base;
  const tuned = new Model(gpu, tunedSource.config, after.weights, { digest: after.digest, recorder, arena });
  return pairOf(tuned, base);
}

async function loadHalves(
  gpu: Gpu,
  tuned: ModelSource,
  base: ModelSource,
  memory: number,
  options: FittingOptions,
): Promise<LoadedPair> {
  let isTold = false;
  const half: FittingOptions = {
    ...options,
    memory: Math.floor(memory / 2),
    onStreaming: (plan, bytes) => {
      if (!isTold) options.onStreaming?.(plan, bytes);
      isTold = true;
    },
  };
  const load = (source: ModelSource): Promise<Model> =>
    loadModel(gpu, source, half).catch((error: unknown) => {
      throw isOutOfMemory(error) ? ofAHalf(error, memory) : error;
    });
  const before = await load(base);
  const after = await load(tuned).catch((error: unknown) => {
    before.close();
    throw error;
  });
  return checked(pairOf(after, before), base);
}

function pairOf(tuned: Model, base: Model): LoadedPair {
  let isClosed = false;
  return {
    tuned,
    base,
    close: () => {
      if (isClosed) return;
      isClosed = true;
      tuned.close();
      base.close();
    },
  };
}

/** Closes what is no pair. */
function checked(pair: LoadedPair, { path }: ModelSource): LoadedPair {
  try {
    assertOther(pair.tuned.digest, pair.base.digest, path);
    return pair;
  } catch (error) {
    pair.close();
    throw error;
  }
}

function isOutOfMemory(error: unknown): error is ReptraceError {
  return error instanceof ReptraceError && error.code === 'OUT_OF_MEMORY';
}

function ofAHalf(error: ReptraceError, memory: number): ReptraceError {
  return new ReptraceError(
    'OUT_OF_MEMORY',
    `${error.message} (half of ${byteSizeText(memory)}: a model and its base are loaded together)`,
    error.remedy,
    { cause: error },
  );
}
