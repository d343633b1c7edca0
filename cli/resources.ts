/** Opens what a command needs (GPU, model) and closes it again, also when the command fails. */
import { localModel } from '../lib/hub/cached.ts';
import { ggufWeights, gpuMemory } from '../lib/mesh/settings.ts';
import { loadModel, streamingNotice } from '../services/compute/engine/attribution/load-model.ts';
import { Gpu } from '../services/compute/engine/device/gpu.ts';
import type { Model } from '../services/compute/engine/model/model.ts';
import { adaptedModel } from '../services/compute/engine/model/lora/adapted-model.ts';
import { openAdapter } from '../services/compute/engine/model/lora/adapter-folder.ts';
import type { ModelSource } from '../services/compute/engine/model/model-source.ts';
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
  const quantized = ggufWeights(process.env) === 'quantized' ? 'keep' : 'widen';
  const source = await openChoice(choice, { quantized });
  const model = await loadModel(gpu, source, {
    memory: choice.gpuMemory ?? gpuMemory(process.env),
    onStreaming: (plan, memory) => {
      process.stderr.write(`${streamingNotice(plan, memory)}\n`);
    },
  });
  try {
    return await use(model, source);
  } finally {
    model.close();
  }
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
