/**
 * The models that the engine is measured on: a tiny real one, the demo's, and two blocks of a SmolLM2-135M. Paths are
 * relative to the repository root, from which benchmarks run.
 */
import { existsSync } from 'node:fs';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { freshModel } from './fresh-model.ts';
import { demoShape, DEMO_SHAPE, smollm2Shape } from './shapes.ts';

export interface ModelSource {
  readonly name: string;
  /** What exactly is run: a checkpoint, or which shape with fresh weights. */
  readonly note: string;
  readonly config: ModelConfig;
  load(gpu: Gpu): Promise<Model>;
}

export interface FoundModels {
  readonly models: readonly ModelSource[];
  /** Sentences on models that are not here. */
  readonly absent: readonly string[];
}

const STORIES = '../shared/models/stories260K/hf';
const DEMO = 'demo/base';

export async function findModels(): Promise<FoundModels> {
  const models: ModelSource[] = [];
  const absent: string[] = [];
  const stories = await findStories();
  if (typeof stories === 'string') absent.push(stories);
  else models.push(stories);
  const demo = hasWeights(DEMO) ? undefined : await demoShape();
  if (hasWeights(DEMO)) models.push(await checkpoint('demo', DEMO));
  else if (demo !== undefined) models.push(fresh('demo', `shape of ${DEMO_SHAPE}, fresh weights`, demo));
  else absent.push(`demo: not measured, neither ${DEMO} nor ${DEMO_SHAPE} is there`);
  models.push(smollm2());
  return { models, absent };
}

/** A sentence where it is not here. */
export async function findStories(): Promise<ModelSource | string> {
  if (hasWeights(STORIES)) return checkpoint('stories260K', STORIES);
  return `stories260K: not measured, ${STORIES} is not there`;
}

function hasWeights(folder: string): boolean {
  return existsSync(`${folder}/model.safetensors`);
}

async function checkpoint(name: string, path: string): Promise<ModelSource> {
  const folder = await openModelFolder(path);
  return { name, note: path, config: folder.config, load: (gpu) => Model.load(gpu, folder) };
}

/**
 * Two of the 30 blocks, for a software adapter's sake. The vocabulary is cut as the blocks are, to 49152 * 2 / 30, so
 * that the head keeps its share of the work; whole, it would be three quarters of it.
 */
function smollm2(): ModelSource {
  const config = smollm2Shape({ num_hidden_layers: 2, vocab_size: 3276 });
  const note = 'SmolLM2-135M shape: 2 of 30 blocks, vocabulary cut alike to 3276 of 49152, fresh weights';
  return fresh('smollm2-2of30', note, config);
}

function fresh(name: string, note: string, config: ModelConfig): ModelSource {
  return { name, note, config, load: (gpu) => freshModel(gpu, config) };
}
