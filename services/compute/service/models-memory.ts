/** The GPU's memory, and the weights read from disk, of a build: of its model, or of that and its base together. */
import type { PlannedMemory } from '../../../lib/mesh/plan-messages.ts';
import { NULL_TOKENS } from '../../../lib/taught/constants.ts';
import { planWithin } from '../engine/attribution/load-model.ts';
import { planMemory, weightBytes, type MemoryPlan } from '../engine/attribution/memory-plan.ts';
import { BATCH_TOKENS } from '../engine/attribution/signature-batches.ts';
import type { Gpu } from '../engine/device/gpu.ts';
import { bytesFor } from '../engine/model/gguf/gguf-types.ts';
import { bindingLimit } from '../engine/model/load-weights.ts';
import { isAdapted } from '../engine/model/lora/adapted-model.ts';
import type { ModelSource } from '../engine/model/model-source.ts';

export interface PlannedModels {
  readonly source: ModelSource;
  readonly base: ModelSource | null;
}

export interface PlannedRows {
  /** Tokens of the longest. */
  readonly longest: number;
  /** The lowest asked layer. */
  readonly lowest: number;
}

export interface ModelsPlan {
  readonly model: MemoryPlan;
  readonly base: BasePlan | null;
}

export interface BasePlan {
  /** Bytes of weights that are there for it alone: of an adapter's base, those of the adapted tensors. */
  readonly weights: number;
  /** Bytes that are read for it alone. */
  readonly loaded: number;
  /** Where memory is bounded: then it has a half of it, and shares nothing. */
  readonly bounded: MemoryPlan | null;
}

/** Batches of one task of a build, about: those of a group are of one task. */
const TASK_BATCHES = 4;

/** As they would be loaded; where they have all of the device, for the rows of this build. Throws OUT_OF_MEMORY. */
export async function planModels(
  gpu: Gpu,
  { source, base }: PlannedModels,
  allowed: number | undefined,
  { longest, lowest }: PlannedRows,
): Promise<ModelsPlan> {
  if (allowed === undefined) {
    const model = await planMemory(source, {
      ...{ memory: null, batchTokens: BATCH_TOKENS, longestSample: longest, lowestLayer: lowest },
      ...{ tokenRows: base !== null, bindingLimit: bindingLimit(gpu), kind: gpu },
    });
    return { model, base: base === null ? null : besideModel(source, base, bindingLimit(gpu)) };
  }
  if (base === null) return { model: await planWithin(gpu, source, allowed, {}), base: null };
  const half = Math.floor(allowed / 2);
  const bounded = await planWithin(gpu, base, half, {});
  const { total } = bounded.weights;
  return {
    model: await planWithin(gpu, source, half, {}),
    base: { weights: total, loaded: total, bounded },
  };
}

/** They have their scratch memory together, and of an adapter, the weights that it leaves as they are. */
function besideModel(source: ModelSource, base: ModelSource, limit: number): BasePlan {
  if (isAdapted(source) && source.base.path === base.path && !isAdapted(base)) {
    const weights = [...source.adapted].reduce((sum, name) => sum + tensorBytes(base, name), 0);
    return { weights, loaded: 0, bounded: null };
  }
  const { total } = weightBytes(base, limit);
  return { weights: total, loaded: total, bounded: null };
}

function tensorBytes({ tensors }: ModelSource, name: string): number {
  const tensor = tensors.get(name);
  if (tensor === undefined) return 0;
  const values = tensor.shape.reduce((product, size) => product * size, 1);
  return bytesFor(tensor.dtype, values);
}

export function plannedMemory({ model, base }: ModelsPlan, allowed: number | undefined): PlannedMemory {
  const parts = base?.bounded == null ? [model] : [model, base.bounded];
  const sum = (of: (plan: MemoryPlan) => number): number =>
    parts.reduce((total, plan) => total + of(plan), 0);
  // Of a base that is there as a whole, whatever the model's own weights are.
  const beside = base === null || base.bounded !== null ? 0 : base.weights;
  return {
    weights: model.weights.total + (base?.weights ?? 0),
    activations: sum(({ activations }) => activations),
    available: allowed ?? null,
    mode: parts.some(({ mode }) => mode === 'streamed') ? 'streamed' : 'resident',
    weightsAtOnce: sum(({ weightsAtOnce }) => weightsAtOnce) + beside,
  };
}

/** Bytes of weights that are read to begin with. */
export function loadedBytes({ model, base }: ModelsPlan): number {
  return model.weights.total + (base?.loaded ?? 0);
}

/** Weights that are read again while so many tokens are signed. */
export function streamedBytes({ model, base }: ModelsPlan, tokens: number): number {
  const groups = ({ batches }: NonNullable<MemoryPlan['streaming']>): number =>
    Math.ceil(tokens / BATCH_TOKENS / Math.min(TASK_BATCHES, batches));
  const { streaming } = model;
  const own = streaming === null ? 0 : groups(streaming) * streaming.readPerGroup;
  const before = base?.bounded?.streaming ?? null;
  // It only goes forward, through each of its weights once.
  return own + (before === null ? 0 : groups(before) * (base?.weights ?? 0));
}

/** Weights that the base's own outputs of so many tokens take: all of them for every token of a group. */
export function generationBytes({ base }: ModelsPlan, tokens: number): number {
  const isStreamed = base?.bounded?.mode === 'streamed';
  return isStreamed ? Math.ceil(tokens / BATCH_TOKENS) * NULL_TOKENS * base.weights : 0;
}
