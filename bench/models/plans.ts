/** Which whole models are measured, and what is run of each: their shapes with fresh weights, and stories260K as it is. */
import { automaticRange } from '../../services/compute/engine/attribution/signature-flops.ts';
import { BATCH_TOKENS } from '../../services/compute/engine/attribution/signature-batches.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import type { Model, ModelOptions } from '../../services/compute/engine/model/model.ts';
import { benchBatch, evenBatch } from '../engine/batch.ts';
import { freshModel } from '../engine/fresh-model.ts';
import { findStories } from '../engine/models.ts';
import { pooled } from '../engine/pooled-weights.ts';
import { demoShape, DEMO_SHAPE, smollm2Shape, tinyLlamaShape } from '../engine/shapes.ts';

export const WHOLE_MODELS = ['stories260K', 'demo', 'smollm2', 'tinyllama'] as const;
export type WholeModelName = (typeof WHOLE_MODELS)[number];

/** What a software adapter on two cores is asked to do at the least. */
export interface Asked {
  readonly of: 'samples' | 'tokens';
  readonly perSecond: number;
}

export interface Work {
  readonly layer: number;
  readonly samples: readonly Sample[];
  /** Of one batch, at most. */
  readonly batchTokens: number;
  readonly withBase: boolean;
  readonly asked: Asked | null;
}

export interface Plan {
  readonly name: WholeModelName;
  /** What exactly is run: a checkpoint, or which shape with fresh weights. */
  readonly note: string;
  readonly config: ModelConfig;
  readonly works: readonly Work[];
  load(gpu: Gpu): Promise<Model>;
  /** Another model of the shape, for the base, with a recorder and scratch memory that are there. */
  loadBase?(gpu: Gpu, options: ModelOptions): Promise<Model>;
}

export interface Plans {
  readonly plans: readonly Plan[];
  /** Sentences on models that are left out. */
  readonly absent: readonly string[];
}

export interface PlanOptions {
  /** Tokens of a batch of the larger models. */
  readonly tokens: number;
  readonly software: boolean;
  /** One model; undefined for all that do not take too long. */
  readonly only: WholeModelName | undefined;
}

/** Samples of a small model, and tokens of each: two full batches. */
const SAMPLES = 102;
const SAMPLE_TOKENS = 40;

export async function findPlans({ tokens, software, only }: PlanOptions): Promise<Plans> {
  const plans: Plan[] = [];
  const absent: string[] = [];
  const isWanted = (name: WholeModelName): boolean => only === undefined || only === name;
  if (isWanted('stories260K')) {
    const stories = await findStories();
    if (typeof stories === 'string') absent.push(stories);
    else plans.push({ ...stories, name: 'stories260K', works: [samplesWork(stories.config)] });
  }
  if (isWanted('demo')) {
    const config = await demoShape();
    if (config === undefined) absent.push(`demo: not measured, ${DEMO_SHAPE} is not there`);
    else {
      const works = [
        samplesWork(config, { asked: { of: 'samples', perSecond: 30 } }),
        samplesWork(config, { withBase: true }),
      ];
      plans.push({ ...shapePlan('demo', `shape of ${DEMO_SHAPE}, fresh weights`, config), works });
    }
  }
  if (isWanted('smollm2')) {
    const config = smollm2Shape();
    const works = [
      tokensWork(config, config.layers, tokens, { of: 'tokens', perSecond: 25 }),
      tokensWork(config, 1, tokens, { of: 'tokens', perSecond: 12 }),
    ];
    plans.push({ ...shapePlan('smollm2', 'shape of SmolLM2-135M, fresh weights', config), works });
  }
  if (only === 'tinyllama' || (only === undefined && !software)) {
    const config = tinyLlamaShape();
    const works = [tokensWork(config, config.layers, tokens), tokensWork(config, 1, tokens)];
    plans.push({ ...shapePlan('tinyllama', 'shape of TinyLlama-1.1B, fresh weights', config), works });
  } else if (only === undefined) {
    absent.push(
      'tinyllama: left out on a software adapter, where a batch takes a minute or more: --only tinyllama runs it',
    );
  }
  return { plans, absent };
}

/** Samples as an index has them, at the lowest layer that `auto` may choose, the costliest of those. */
function samplesWork(
  config: ModelConfig,
  { withBase = false, asked = null }: Partial<Pick<Work, 'withBase' | 'asked'>> = {},
): Work {
  const [layer] = automaticRange(config.layers);
  const samples = evenBatch(SAMPLES, SAMPLE_TOKENS, config.vocabSize);
  return { layer, samples, batchTokens: BATCH_TOKENS, withBase, asked };
}

function tokensWork(config: ModelConfig, layer: number, tokens: number, asked: Asked | null = null): Work {
  const samples = benchBatch(tokens, config.vocabSize);
  return { layer, samples, batchTokens: tokens, withBase: false, asked };
}

function shapePlan(name: WholeModelName, note: string, config: ModelConfig): Omit<Plan, 'works'> {
  return {
    ...{ name, note, config },
    load: (gpu) => freshModel(gpu, config, pooled(config)),
    loadBase: (gpu, options) => freshModel(gpu, config, pooled(config), options),
  };
}
