/** Opens what a command needs (GPU, model) and closes it again, also when the command fails. */
import { localModel } from '../lib/hub/cached.ts';
import { cacheFolder } from '../lib/cache-folder.ts';
import { ggufWeights, gpuMemory, tuneSetting } from '../lib/mesh/settings.ts';
import { ReptraceError } from '../lib/errors.ts';
import {
  loadModel,
  streamingNotice,
  type FittingOptions,
} from '../services/compute/engine/attribution/load-model.ts';
import { loadPair } from '../services/compute/engine/attribution/load-pair.ts';
import type { ModelPair } from '../services/compute/engine/attribution/taught-signatures.ts';
import { Gpu } from '../services/compute/engine/device/gpu.ts';
import type { Model } from '../services/compute/engine/model/model.ts';
import { adaptedModel, isAdapted } from '../services/compute/engine/model/lora/adapted-model.ts';
import { openAdapter } from '../services/compute/engine/model/lora/adapter-folder.ts';
import type { ModelSource } from '../services/compute/engine/model/model-source.ts';
import { tuneFor } from '../services/compute/engine/tuning/tune.ts';
import { openModel, type OpenModelOptions } from '../services/compute/engine/model/open-model.ts';

/** What makes up a model, as options name it. */
export interface ModelChoice {
  /** A folder, a GGUF file, or a name in the Hugging Face cache. */
  readonly model: string;
  /** A PEFT LoRA adapter to apply to it: a folder, or a name in the cache. */
  readonly adapter?: string | undefined;
  /** Bytes of the GPU that it may use; default what the environment says, else all. */
  readonly gpuMemory?: number | undefined;
}

export async function withGpu<T>(use: (gpu: Gpu) => Promise<T>): Promise<T> {
  const gpu = await Gpu.open();
  try {
    return await use(gpu);
  } finally {
    gpu.close();
  }
}

export async function withModel<T>(
  gpu: Gpu,
  choice: ModelChoice,
  use: (model: Model, source: ModelSource) => Promise<T>,
): Promise<T> {
  const source = await openChoice(choice, openingOptions());
  await tune(gpu, source);
  const model = await loadModel(gpu, source, fittingOptions(choice));
  try {
    return await use(model, source);
  } finally {
    model.close();
  }
}

/**
 * A model and its base together. Throws INPUT_INVALID for a model without an adapter and no base named, and what `loadPair`
 * throws.
 * @param base default the model without its adapter
 * @param use is given the tuned model's source
 */
export async function withPair<T>(
  gpu: Gpu,
  choice: ModelChoice,
  base: Pick<ModelChoice, 'model' | 'adapter'> | undefined,
  use: (pair: ModelPair, source: ModelSource) => Promise<T>,
): Promise<T> {
  const tuned = await openChoice(choice, openingOptions());
  const before = base === undefined ? baseUnder(tuned) : await openChoice(base, openingOptions());
  await tune(gpu, tuned);
  const pair = await loadPair(gpu, tuned, before, fittingOptions(choice));
  try {
    return await use(pair, tuned);
  } finally {
    pair.close();
  }
}

function baseUnder(tuned: ModelSource): ModelSource {
  if (isAdapted(tuned)) return tuned.base;
  throw new ReptraceError(
    'INPUT_INVALID',
    `the model ${tuned.path} has no adapter, and no base is named`,
    'Name the model as it was before its fine-tuning with --base.',
  );
}

function openingOptions(): OpenModelOptions {
  return { quantized: ggufWeights(process.env) === 'quantized' ? 'keep' : 'widen' };
}

function tune(gpu: Gpu, source: ModelSource): Promise<void> {
  return tuneFor(gpu, source, {
    ...{ mode: tuneSetting(process.env), folder: cacheFolder() },
    say: (line) => process.stderr.write(`${line}\n`),
  });
}

function fittingOptions(choice: ModelChoice): FittingOptions {
  return {
    memory: choice.gpuMemory ?? gpuMemory(process.env),
    onStreaming: (plan, memory) => {
      process.stderr.write(`${streamingNotice(plan, memory)}\n`);
    },
  };
}

/** Opens it without its weights. */
export async function openChoice(
  { model, adapter }: ModelChoice,
  options: OpenModelOptions = {},
): Promise<ModelSource> {
  const source = await openModel(await localModel(model), options);
  return adapter === undefined ? source : adaptedModel(source, await openAdapter(await localModel(adapter)));
}

/** An AbortSignal that fires at the first SIGINT or SIGTERM; a second one kills as usual. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      controller.abort();
    });
  }
  return controller.signal;
}
