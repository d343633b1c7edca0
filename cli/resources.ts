/** Opens what a command needs (GPU, model) and closes it again, also when the command fails. */
import { Gpu } from '../services/compute/engine/device/gpu.ts';
import { Llama } from '../services/compute/engine/model/llama.ts';
import { openModelFolder, type ModelFolder } from '../services/compute/engine/model/model-folder.ts';

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
  path: string,
  use: (model: Llama, folder: ModelFolder) => Promise<T>,
): Promise<T> {
  const folder = await openModelFolder(path);
  const model = await Llama.load(gpu, folder);
  try {
    return await use(model, folder);
  } finally {
    model.close();
  }
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
