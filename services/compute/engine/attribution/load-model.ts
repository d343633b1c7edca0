/**
 * Brings a model to the GPU in the way that its memory allows: all of it, or its blocks in turn. Results are the same to the
 * last bit, as long as a batch fits.
 */
import { byteSizeText } from '../../../../lib/byte-size.ts';
import { ReptraceError } from '../../../../lib/errors.ts';
import type { Gpu } from '../device/gpu.ts';
import { bindingLimit, type LoadOptions } from '../model/load-weights.ts';
import type { ModelSource } from '../model/model-source.ts';
import { Model, type BudgetOptions } from '../model/model.ts';
import { planMemory, weightBytes, type MemoryPlan } from './memory-plan.ts';
import { BATCH_TOKENS } from './signature-batches.ts';

export interface FittingOptions extends LoadOptions, BudgetOptions {
  /** Told once, before anything is loaded, when the model does not fit and will be streamed; `memory` is what it may use. */
  readonly onStreaming?: (plan: MemoryPlan, memory: number) => void;
}

/** Below this a sample is hardly one. */
const LEAST_TOKENS = 16;
/** A device that refused all weights is asked for this share of what it was asked for before, again and again. */
const LESS = 0.8;
/** Share of all weights below which it is not asked for more. */
const LEAST_SHARE = 1 / 16;
/** Of what it would give at once, this share is used: what comes and goes leaves gaps. */
const USED_SHARE = 0.9;

/**
 * Throws OUT_OF_MEMORY, naming the bytes needed, when `memory` is too little even for streaming, or the device has no room;
 * and what reading the weights throws.
 */
export async function loadModel(gpu: Gpu, source: ModelSource, options: FittingOptions = {}): Promise<Model> {
  const { memory } = options;
  if (memory !== undefined) return loadWithin(gpu, source, memory, options);
  try {
    return await Model.load(gpu, source, options);
  } catch (error) {
    if (!(error instanceof ReptraceError) || error.code !== 'OUT_OF_MEMORY') throw error;
    // What the device could not take when it was asked for more is not known to be the weights' fault.
    gpu.assertHealthy();
    const room = await roomOn(gpu, weightBytes(source, bindingLimit(gpu, options)).total);
    if (room === undefined) throw error;
    return loadWithin(gpu, source, room, options);
  }
}

async function loadWithin(
  gpu: Gpu,
  source: ModelSource,
  memory: number,
  options: FittingOptions,
): Promise<Model> {
  const plan = await planWithin(gpu, source, memory, options);
  if (plan.streaming === null) return Model.load(gpu, source, { ...options, memory });
  options.onStreaming?.(plan, memory);
  const { vocabularyParts } = plan.streaming;
  return Model.stream(gpu, source, { ...options, memory, vocabularyParts });
}

/** For full batches where they fit, else for the largest halves of one that do. Layers are not known yet: all of them. */
export async function planWithin(
  gpu: Gpu,
  source: ModelSource,
  memory: number,
  options: LoadOptions,
): Promise<MemoryPlan> {
  for (let tokens = BATCH_TOKENS; ; tokens /= 2) {
    try {
      return await planMemory(source, {
        ...{ memory, batchTokens: tokens, longestSample: tokens, lowestLayer: 0 },
        ...{ bindingLimit: bindingLimit(gpu, options), kind: gpu },
      });
    } catch (error) {
      const isTooLittle = error instanceof ReptraceError && error.code === 'OUT_OF_MEMORY';
      if (!isTooLittle || tokens <= LEAST_TOKENS) throw error;
    }
  }
}

/**
 * Bytes that may be used of a device that refused to take all weights, `total` bytes; undefined when it has next to
 * nothing.
 */
export async function roomOn(gpu: Gpu, total: number): Promise<number | undefined> {
  for (let share = LESS; share > LEAST_SHARE; share *= LESS) {
    const bytes = Math.floor(total * share);
    if (await gpu.hasRoomFor(bytes)) return Math.floor(bytes * USED_SHARE);
  }
  return undefined;
}

/** What is said when a model is streamed. */
export function streamingNotice({ weights, streaming }: MemoryPlan, memory: number): string {
  return (
    `the model's weights take ${byteSizeText(weights.total)} and the GPU may use ${byteSizeText(memory)}: blocks are loaded in turn, ` +
    `${byteSizeText(streaming?.readPerGroup ?? 0)} for every group of batches`
  );
}
