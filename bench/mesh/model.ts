/** The model that the mesh is measured with: stories260K, small enough that everything around it shows. */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { findModels } from '../engine/models.ts';

const NAME = 'stories260K';

/** The layer that `auto` chooses for it on the demo's rows, named so that the probes of `auto` are not measured. */
export const LAYER = 3;

export interface BenchModel {
  /** Its folder, relative to the repository root. */
  readonly path: string;
  /** hiddenSize. */
  readonly width: number;
  load(gpu: Gpu): Promise<Model>;
}

/** Throws a sentence where the model is not there. */
export async function findBenchModel(): Promise<BenchModel> {
  const { models, absent } = await findModels();
  const found = models.find(({ name }) => name === NAME);
  if (found === undefined) throw new Error(absent.find((line) => line.startsWith(NAME)) ?? `no ${NAME}`);
  return { path: found.note, width: found.config.hiddenSize, load: (gpu) => found.load(gpu) };
}
