/**
 * What a model and its work need of a GPU's memory, known before anything is there: the engine's own code is run on a GPU
 * that only counts (device/counting-gpu.ts), so the numbers are those of the real run. Pure: reads and allocates nothing.
 */
import { byteSizeText } from '../../../../lib/byte-size.ts';
import { setImmediate as turn } from 'node:timers/promises';
import { ReptraceError } from '../../../../lib/errors.ts';
import { PROJECTION_SEED } from '../../../../lib/taught/constants.ts';
import { CountingGpu, CountingRecorder } from '../device/counting-gpu.ts';
import type { GpuKind } from '../device/gpu.ts';
import {
  assembleBlock,
  assembleEnds,
  assembleOuter,
  assembleVocabulary,
  assembleWeights,
  specsByLayer,
} from '../model/assemble.ts';
import type { ModelSource, WeightReader } from '../model/model-source.ts';
import { Model, type MemoryBudget } from '../model/model.ts';
import { StreamedWeights } from '../model/streamed-weights.ts';
import { ResidentWeights, type WeightStore } from '../model/weight-store.ts';
import { WeightUpload } from '../model/weight-upload.ts';
import { CHUNK_IDS } from '../model/weights.ts';
import { runGroup } from './group-run.ts';
import type { Sample } from './sample.ts';
import type { SignatureOptions } from './signature.ts';

/** A model as far as memory is concerned. */
export type ModelShape = Pick<ModelSource, 'config' | 'tensors'>;

export interface PlannedWork {
  /** Bytes of the device that may be used; null for all of them, however many those are. */
  readonly memory: number | null;
  /** Tokens of the largest batch, and of the longest sample. */
  readonly batchTokens: number;
  readonly longestSample: number;
  /** The lowest asked layer, down to which the backward goes. */
  readonly lowestLayer: number;
  /** Whether token rows are asked for too; default not. */
  readonly tokenRows?: boolean;
  /** Largest binding of the device, in bytes; default any. */
  readonly bindingLimit?: number;
  /** The device, by which kernels are chosen; default one of which nothing is known. */
  readonly kind?: GpuKind;
}

/** All numbers but `batches` are bytes on the device. */
export interface MemoryPlan {
  readonly weights: WeightBytes;
  /** `resident`: all weights are there; `streamed`: two blocks at a time. */
  readonly mode: 'resident' | 'streamed';
  /** Weights that are there at once, at most. */
  readonly weightsAtOnce: number;
  /** What everything but weights takes at most: for the worst of batches as large as that. */
  readonly activations: number;
  /** Most that is needed at any time. */
  readonly peak: number;
  /** How a streamed model is run; null for a resident one. */
  readonly streaming: {
    /** In how many parts embedding and head are read for every group; 0: they stay on the device. */
    readonly vocabularyParts: number;
    /** Batches that share one reading of the weights, at most MAX_GROUP. */
    readonly batches: number;
    /** Weights read from disk for one group. */
    readonly readPerGroup: number;
  } | null;
}

/** As they lie on the device: matrices in their stored precision, vectors widened, a tied head once. */
export interface WeightBytes {
  readonly total: number;
  readonly outsideBlocks: number;
  readonly blocks: readonly number[];
}

/** Batches of one group at most: by then reading the weights weighs little, and results wait on the host. */
export const MAX_GROUP = 32;

/** Throws OUT_OF_MEMORY, naming the bytes needed, when `memory` is too little even for one batch, streamed. */
export async function planMemory(shape: ModelShape, work: PlannedWork): Promise<MemoryPlan> {
  const { memory, lowestLayer: lowest } = work;
  const tokenRows = work.tokenRows === true ? { seed: PROJECTION_SEED } : undefined;
  const options = { layers: [lowest], tokenRows };
  const weights = weightBytes(shape, work.bindingLimit);
  const bindingLimit = work.bindingLimit ?? Infinity;
  const device = { bindingLimit, kind: work.kind };
  const { batch, bytes: whole } = await worstBatch(work, shape, (one) =>
    countMemory({ ...shape, ...device }, [one], options),
  );
  const residentPlan: MemoryPlan = {
    ...{ weights, mode: 'resident', weightsAtOnce: weights.total },
    ...{ activations: whole - weights.total, peak: whole, streaming: null },
  };
  if (memory === null || whole <= memory) return residentPlan;
  const kinds = await Promise.all(partings(shape).map(planStreamed));
  const feasible = kinds.filter(({ peak }) => peak <= memory);
  feasible.sort((a, b) => readPerBatch(a) - readPerBatch(b));
  const [best] = feasible;
  if (best !== undefined) return best;
  throw tooLittle(memory, Math.min(...kinds.map(({ peak }) => peak)), work);

  async function planStreamed(vocabularyParts: number): Promise<MemoryPlan> {
    const counted = { ...shape, ...device, streaming: { vocabularyParts } };
    const need = (batches: number): Promise<number> =>
      countMemory(
        counted,
        Array.from({ length: batches }, () => batch),
        options,
      );
    const batches = memory === null ? 1 : await largestFitting(MAX_GROUP, memory, need);
    const peak = await need(batches);
    const blocks = sum(weights.blocks);
    const again = sum(weights.blocks.slice(lowest));
    const places = 2 * placeBytes(shape, bindingLimit);
    const { ends, embedding, head } = outerBytes(shape, bindingLimit);
    const part = Math.max(embedding, head) / Math.max(1, vocabularyParts);
    const weightsAtOnce =
      vocabularyParts === 0 ? weights.outsideBlocks + places : ends + Math.max(places, Math.ceil(part));
    // In one part, the head is read once for both ways.
    const vocabulary = vocabularyParts === 0 ? 0 : embedding + (vocabularyParts === 1 ? 1 : 2) * head;
    return {
      ...{ weights, mode: 'streamed', weightsAtOnce, activations: peak - weightsAtOnce, peak },
      streaming: { vocabularyParts, batches, readPerGroup: blocks + again + vocabulary },
    };
  }
}

/** Numbers of parts of the vocabulary that may be of use: none, one, and doublings up to single chunks. */
function partings({ config }: ModelShape): number[] {
  const parts = [0];
  for (let part = 1; part < 2 * Math.ceil(config.vocabSize / CHUNK_IDS); part *= 2) parts.push(part);
  return parts;
}

function readPerBatch({ streaming }: MemoryPlan): number {
  return streaming === null ? 0 : streaming.readPerGroup / streaming.batches;
}

/** The bytes that all weights take on the device. */
export function weightBytes(shape: ModelShape, bindingLimit = Infinity): WeightBytes {
  const outsideBlocks = sum(bufferSizes(shape, null, bindingLimit));
  const blocks = Array.from({ length: shape.config.layers }, (_, layer) =>
    sum(bufferSizes(shape, layer, bindingLimit)),
  );
  return { total: outsideBlocks + sum(blocks), outsideBlocks, blocks };
}

/** Of what is outside the blocks, a tied head as large as the embedding. */
function outerBytes(
  shape: ModelShape,
  bindingLimit: number,
): { readonly ends: number; readonly embedding: number; readonly head: number } {
  const { config } = shape;
  const specs = specsByLayer(config).get(null) ?? [];
  const sizeOf = (assemble: (upload: WeightUpload) => unknown): number =>
    sum(uploadSizes(shape, bindingLimit, assemble));
  const rows = { first: 0, count: config.vocabSize };
  const vocabulary = (part: 'embedding' | 'head'): number =>
    sizeOf((upload) => assembleVocabulary(specs, upload, part, rows));
  const embedding = vocabulary('embedding');
  return {
    ends: sizeOf((upload) => assembleEnds(specs, upload)),
    ...{ embedding, head: config.tieEmbeddings ? embedding : vocabulary('head') },
  };
}

/** What a place for any block takes: each of its buffers is as large as the largest block needs it. */
function placeBytes(shape: ModelShape, bindingLimit: number): number {
  const largest: number[] = [];
  for (let layer = 0; layer < shape.config.layers; layer++) {
    bufferSizes(shape, layer, bindingLimit).forEach((size, i) => {
      largest[i] = Math.max(largest[i] ?? 0, size);
    });
  }
  return sum(largest);
}

/** Sizes of the buffers of a block, or under null of what is outside the blocks. */
function bufferSizes(shape: ModelShape, layer: number | null, bindingLimit: number): number[] {
  const { config } = shape;
  const specs = specsByLayer(config).get(layer) ?? [];
  return uploadSizes(shape, bindingLimit, (upload) =>
    layer === null ? assembleOuter(config, specs, upload) : assembleBlock(config, layer, specs, upload),
  );
}

function uploadSizes(
  { config, tensors }: ModelShape,
  bindingLimit: number,
  assemble: (upload: WeightUpload) => unknown,
): number[] {
  const upload = new WeightUpload(new CountingGpu(bindingLimit), { tensors }, config, bindingLimit);
  assemble(upload);
  return upload.buffers.map(({ size }) => size);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A model that is to be counted: how its weights are kept, for which device. */
export interface CountedModel extends ModelShape {
  readonly bindingLimit: number;
  readonly kind?: GpuKind | undefined;
  /** Undefined for a resident one. */
  readonly streaming?: MemoryBudget['streaming'];
}

/** Most bytes of the device that a group of batches needs at any time, weights included. */
export async function countMemory(
  counted: CountedModel,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<number> {
  // A large model's many kernels take a while even if none is run: whoever else waits gets a turn.
  await turn();
  const gpu = new CountingGpu(counted.bindingLimit, counted.kind);
  const { config, tensors, bindingLimit, streaming } = counted;
  const model = new Model(gpu, config, storeOf(gpu, counted), {
    recorder: new CountingRecorder(gpu),
    // Bounded by nothing, but it frees what a bounded model frees.
    budget: { bytes: Infinity, tensors, bindingLimit, streaming },
  });
  await runGroup(model, batches, options);
  return gpu.peak;
}

function storeOf(gpu: CountingGpu, { config, tensors, bindingLimit, streaming }: CountedModel): WeightStore {
  if (streaming !== undefined) {
    return new StreamedWeights(gpu, { config, tensors }, NOTHING_READ, { ...streaming, bindingLimit });
  }
  const upload = new WeightUpload(gpu, { tensors }, config, bindingLimit);
  return new ResidentWeights(assembleWeights(config, upload), upload.buffers);
}

const NOTHING_READ: WeightReader = { read: () => Promise.resolve(), close: () => Promise.resolve() };

/** The largest whole number from 1 to `most` whose need fits; 1 where none does. Needs grow about evenly with the number. */
export async function largestFitting(
  most: number,
  bytes: number,
  need: (count: number) => Promise<number>,
): Promise<number> {
  if (most < 2) return 1;
  const [one, two] = [await need(1), await need(2)];
  if (two > bytes) return 1;
  const each = Math.max(1, two - one);
  let count = Math.max(2, Math.min(most, 1 + Math.floor((bytes - one) / each)));
  while (count > 2 && (await need(count)) > bytes) count = Math.max(2, Math.floor(count * 0.9));
  return count;
}

/**
 * The batch that needs most of some that are as large as any. The more tokens are predicted the more there is to hold, but
 * tensors share memory by classes of their size (device/arena.ts), so that a little fewer may take a little more.
 */
async function worstBatch(
  work: PlannedWork,
  shape: ModelShape,
  need: (batch: readonly Sample[]) => Promise<number>,
): Promise<{ readonly batch: readonly Sample[]; readonly bytes: number }> {
  const each = [];
  for (const share of PROMPT_SHARES) {
    const batch = fullBatch(work, shape, share);
    each.push({ batch, bytes: await need(batch) });
  }
  return each.reduce((worst, next) => (next.bytes > worst.bytes ? next : worst));
}

/** Shares of samples that are prompts. */
const PROMPT_SHARES = [0, 1 / 8, 1 / 4, 1 / 2];

/** Samples of which every token is predicted but so large a share, and the first; the last one shorter. */
function fullBatch(
  { batchTokens, longestSample }: PlannedWork,
  { config }: ModelShape,
  promptShare: number,
): Sample[] {
  const longest = Math.max(2, Math.min(longestSample, config.maxPositions));
  const samples: Sample[] = [];
  for (let left = Math.max(longest, batchTokens); left >= 2; left -= longest) {
    const length = Math.min(longest, left);
    const promptLength = Math.max(1, Math.floor(promptShare * length));
    samples.push({ name: `${samples.length}`, inputIds: new Array<number>(length).fill(0), promptLength });
  }
  return samples;
}

function tooLittle(memory: number, need: number, { batchTokens, longestSample }: PlannedWork): ReptraceError {
  return new ReptraceError(
    'OUT_OF_MEMORY',
    `the model needs ${byteSizeText(need)} of the GPU even with its blocks loaded in turn, for a batch of ` +
      `${Math.max(batchTokens, longestSample)} tokens; it may use ${byteSizeText(memory)}`,
    'Allow more (--gpu-memory, REPTRACE_GPU_MEMORY), cut samples shorter (--max-tokens), or use quantised weights (GGUF).',
  );
}
