/** The engine as it would run a model: with the variants that are the fastest for its products on this adapter. */
import { cacheFolder } from '../../lib/cache-folder.ts';
import { tuneSetting } from '../../lib/mesh/settings.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { tuneFor } from '../../services/compute/engine/tuning/tune.ts';
import { progress } from '../measure/say.ts';
import { modelShape } from './shapes.ts';

/** As `REPTRACE_TUNE` says; by default nothing on a software adapter. */
export function tune(gpu: Gpu, config: ModelConfig): Promise<void> {
  const options = { mode: tuneSetting(process.env), folder: cacheFolder(), say: progress };
  return tuneFor(gpu, modelShape(config), options);
}
