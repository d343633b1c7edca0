/**
 * How time and memory grow: with tokens in samples of one length, where attention is linear too; with the length of one sample,
 * attention's own part apart; and with the number of blocks. A small model, so that what does not grow shows.
 */
import { countMemory } from '../../services/compute/engine/attribution/memory-plan.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { bindingLimit } from '../../services/compute/engine/model/load-weights.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { tapeBytesPerRow } from '../counts/least.ts';
import { evenBatch } from '../engine/batch.ts';
import { freshModel } from '../engine/fresh-model.ts';
import { demoShape, DEMO_SHAPE, modelShape } from '../engine/shapes.ts';
import { growth } from '../measure/growth.ts';
import { countedOf, countedSeconds, interleaveTimings, type Contender } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import { CapturedLlama } from '../profile/capture.ts';
import { replay } from '../profile/replay.ts';
import { Signing } from './signing.ts';

/** One size of a series in which sizes double. */
export interface Step {
  /** Tokens, or blocks. */
  readonly size: number;
  readonly seconds: Summary;
  /** Seconds over those of half the size, by round; null for the smallest. */
  readonly ratio: number | null;
  /** Bytes of scratch memory on the GPU, all that was ever taken. */
  readonly scratch: number;
}

export interface TokenStep extends Step {
  /** Scratch memory of one token; and of each that comes on top of half as many. */
  readonly bytesPerToken: number;
  readonly bytesPerMoreToken: number | null;
  /** Of it what blocks keep of each token for the backward. */
  readonly tapePerToken: number;
  /** Everything on the GPU, weights too, as it was planned before (memory-plan.ts), and as it was. */
  readonly planned: number;
  readonly held: number;
}

/** Seconds of all dispatches of one run, each run alone, with what submitting each costs. */
export interface LengthStep {
  readonly size: number;
  readonly attention: Summary;
  readonly others: Summary;
  readonly attentionRatio: number | null;
  readonly othersRatio: number | null;
  readonly scratch: number;
}

export interface Scaling {
  readonly tokens: readonly TokenStep[];
  readonly lengths: readonly LengthStep[];
  readonly blocks: readonly Step[];
}

/** Tokens of a batch, and of one sample. */
const SIZES = [128, 256, 512, 1024, 2048, 4096];
const SAMPLE_TOKENS = 64;
/** Of the model that the first two series are run with, and of the models of the third. */
const BLOCKS = 2;
const BLOCK_COUNTS = [2, 4, 8, 16];
const BLOCKS_TOKENS = 512;
/** The first block's output: the backward goes through all blocks but the first. */
const LAYER = 1;
const SAMPLE_SECONDS = 0.1;
/** At least: a ratio of two short timings takes more of them than a rate does. */
const ROUNDS = 15;
const PASSES = 5;

export async function measureScaling(
  gpu: Gpu,
  rounds: number,
  onPart: (part: string) => void,
): Promise<Scaling | string> {
  const config = await demoShape({ max_position_embeddings: Math.max(...SIZES) });
  if (config === undefined) return `scaling: not measured, ${DEMO_SHAPE} is not there`;
  const model = await freshModel(gpu, cutTo(config, BLOCKS));
  try {
    onPart('scaling in tokens');
    const tokens = await tokenSteps(gpu, model, Math.max(ROUNDS, rounds));
    onPart('scaling in the length of a sample');
    const lengths: LengthStep[] = [];
    const passes = Math.max(PASSES, rounds);
    for (const size of SIZES) lengths.push(await lengthStep(gpu, model, size, passes, lengths.at(-1)));
    onPart('scaling in blocks');
    return { tokens, lengths, blocks: await blockSteps(gpu, config, Math.max(ROUNDS, rounds)) };
  } finally {
    model.close();
  }
}

function cutTo(config: ModelConfig, layers: number): ModelConfig {
  return { ...config, layers, windows: Array.from({ length: layers }, () => config.windows[0] ?? null) };
}

async function tokenSteps(gpu: Gpu, model: Model, rounds: number): Promise<TokenStep[]> {
  const { config, arena } = model;
  const batches = SIZES.map((size) => evenBatch(size / SAMPLE_TOKENS, SAMPLE_TOKENS, config.vocabSize));
  const signings = batches.map((batch, i) => signing(model, batch, SIZES[i]));
  const scratch: number[] = [];
  for (const one of signings) {
    // What another size left would serve this one too.
    arena.trim();
    await one.run(1);
    scratch.push(arena.bytes);
  }
  const steps = await timedSteps(gpu, signings, { sizes: SIZES, scratch, rounds });
  const rest = model.weights.bytes + model.recorder.bytes + rotaryBytes(model, SAMPLE_TOKENS);
  const planned: number[] = [];
  for (const batch of batches) planned.push(await plannedBytes(gpu, config, batch));
  return steps.map((step, i) => ({
    ...step,
    bytesPerToken: step.scratch / step.size,
    bytesPerMoreToken: i === 0 ? null : (step.scratch - scratch[i - 1]) / (step.size - SIZES[i - 1]),
    tapePerToken: (config.layers - LAYER) * tapeBytesPerRow(config),
    planned: planned[i],
    held: step.scratch + rest,
  }));
}

function rotaryBytes(model: Model, longest: number): number {
  return model.context(model.arena.scope(), longest).rotary?.buffer.size ?? 0;
}

function plannedBytes(gpu: Gpu, config: ModelConfig, batch: readonly Sample[]): Promise<number> {
  const device = { bindingLimit: bindingLimit(gpu), kind: gpu };
  return countMemory({ ...modelShape(config), ...device }, [batch], { layers: [LAYER] });
}

/** The batch is one sample. A new model each time: its dispatches are run again over what its scratch memory holds. */
async function lengthStep(
  gpu: Gpu,
  loaded: Model,
  size: number,
  passes: number,
  before: LengthStep | undefined,
): Promise<LengthStep> {
  const model = new CapturedLlama(loaded);
  try {
    await signing(model, evenBatch(1, size, model.config.vocabSize), size).run(1);
    const { dispatches } = await replay(gpu, model.recorder.dispatches, passes);
    const part = (isMeant: (shader: string) => boolean): Summary => {
      const meant = dispatches.filter(({ spec }) => isMeant(spec.shader));
      const ofPass = (pass: number): number =>
        meant.reduce((sum, { passes: timings }) => sum + countedOf(timings[pass], gpu.report.software), 0);
      return summarize(Array.from({ length: passes }, (_, pass) => ofPass(pass)));
    };
    const isAttention = (shader: string): boolean => shader.startsWith('attention');
    const attention = part(isAttention);
    const others = part((shader) => !isAttention(shader));
    return {
      ...{ size, attention, others },
      attentionRatio: before === undefined ? null : attention.median / before.attention.median,
      othersRatio: before === undefined ? null : others.median / before.others.median,
      scratch: model.arena.bytes,
    };
  } finally {
    model.close();
  }
}

async function blockSteps(gpu: Gpu, config: ModelConfig, rounds: number): Promise<Step[]> {
  const models: Model[] = [];
  try {
    for (const blocks of BLOCK_COUNTS) models.push(await freshModel(gpu, cutTo(config, blocks)));
    const batch = evenBatch(BLOCKS_TOKENS / SAMPLE_TOKENS, SAMPLE_TOKENS, config.vocabSize);
    const signings = models.map((model) => signing(model, batch, BLOCKS_TOKENS));
    for (const one of signings) await one.run(1);
    const scratch = models.map(({ arena }) => arena.bytes);
    return await timedSteps(gpu, signings, { sizes: BLOCK_COUNTS, scratch, rounds });
  } finally {
    for (const model of models) model.close();
  }
}

function signing(model: Model, samples: readonly Sample[], batchTokens: number): Signing {
  return new Signing({ model, layer: LAYER, batchTokens }, samples);
}

interface Sizes {
  readonly sizes: readonly number[];
  readonly scratch: readonly number[];
  readonly rounds: number;
}

async function timedSteps(
  gpu: Gpu,
  contenders: readonly Contender[],
  { sizes, scratch, rounds }: Sizes,
): Promise<Step[]> {
  const timings = await interleaveTimings(contenders, { rounds, sampleSeconds: SAMPLE_SECONDS });
  const counted = timings.map((timing) => countedSeconds(timing, gpu.report.software));
  const ratios = growth(counted);
  return sizes.map((size, i) => ({
    ...{ size, seconds: summarize(counted[i]), ratio: ratios[i], scratch: scratch[i] },
  }));
}
