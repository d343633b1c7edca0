/**
 * How fast a GPU makes signatures of a model's shape, measured without the model's weights: one block of its shape, with
 * matrices of zeros in its precisions, under a head with its share of the vocabulary, forward and backward on real rows of
 * tokens. A number takes as long to multiply whatever it is, so what is missing is only what large weights cost beyond
 * their operations: a block that is wider than the trial allows is cut in its widths, alike in all of them.
 */
import type { Gpu } from '../device/gpu.ts';
import { assembleWeights } from '../model/assemble.ts';
import type { TokenSequence } from '../model/batch.ts';
import { Model } from '../model/model.ts';
import type { ModelConfig } from '../model/model-config.ts';
import type { ModelSource, SourceTensor } from '../model/model-source.ts';
import { modelTensors } from '../model/model-tensors.ts';
import { ResidentWeights } from '../model/weight-store.ts';
import { WeightUpload } from '../model/weight-upload.ts';
import { BATCH_TOKENS } from './signature-batches.ts';
import { blockWeights, signatureFlops } from './signature-flops.ts';
import { signaturesOfBatch } from './signature.ts';

/**
 * Weights of the trial's block at most: first few, for a software adapter's sake; where that is over in no time, more, since
 * a large GPU is not filled by them. In float32 the second are 256 MB, with what the vocabulary adds.
 */
const WEIGHTS = [4e6, 64e6] as const;
const FLOAT_BYTES = 4;
/** Below this a run says more of launching kernels than of computing. */
const SHORT_SECONDS = 0.02;
/** Of the measured runs together, about; compiling kernels comes on top. */
const TRIAL_SECONDS = 0.35;
const MOST_RUNS = 9;
const FIRST_TOKENS = 64;
/** Cut widths are multiples of this: the largest unit of a quantised row. */
const WIDTH_UNIT = 256;

/**
 * @param rows of the model's own vocabulary, at least one
 * @param memory bytes of the GPU that may be used: the trial's weights take a quarter of it at most
 * @returns operations (signature-flops.ts) a second. Throws OUT_OF_MEMORY where the device has no room.
 */
export async function trialSpeed(
  gpu: Gpu,
  source: Pick<ModelSource, 'config' | 'tensors'>,
  rows: readonly TokenSequence[],
  memory = Infinity,
): Promise<number> {
  const [few, many] = WEIGHTS.map((weights) => Math.min(weights, memory / 4 / FLOAT_BYTES));
  const first = await speedOf(gpu, source, rows, few);
  const isCut = many > few && blockWeights(source.config) > few;
  return isCut && first.seconds < SHORT_SECONDS
    ? (await speedOf(gpu, source, rows, many)).speed
    : first.speed;
}

async function speedOf(
  gpu: Gpu,
  source: Pick<ModelSource, 'config' | 'tensors'>,
  rows: readonly TokenSequence[],
  weights: number,
): Promise<{ readonly speed: number; readonly seconds: number }> {
  const config = trialConfig(source.config, weights);
  const model = await gpu.allocating(() => zeroModel(gpu, config, source.tensors));
  const run = async (samples: readonly TokenSequence[]): Promise<number> => {
    const begun = performance.now();
    const named = samples.map((sample, i) => ({ name: `trial ${i}`, ...sample }));
    await signaturesOfBatch(model, named, { layers: [0] });
    return (performance.now() - begun) / 1000;
  };
  try {
    const few = trialRows(rows, FIRST_TOKENS, config.vocabSize);
    await run(few);
    const each = (await run(few)) / FIRST_TOKENS;
    const tokens = Math.min(BATCH_TOKENS, Math.max(FIRST_TOKENS, Math.floor(TRIAL_SECONDS / 3 / each)));
    const samples = trialRows(rows, tokens, config.vocabSize);
    const runs: number[] = [];
    // The first run of a size makes its buffers.
    if (tokens > FIRST_TOKENS) await run(samples);
    for (let spent = 0; spent < TRIAL_SECONDS && runs.length < MOST_RUNS;) {
      const seconds = await run(samples);
      runs.push(seconds);
      spent += seconds;
    }
    // Whatever else the machine does meets some of the runs, and a few short ones more than a whole build.
    const seconds = runs.sort((a, b) => a - b)[Math.floor((runs.length - 1) / 4)];
    const counts = samples.map(({ inputIds, promptLength }) => ({
      length: inputIds.length,
      predicted: inputIds.length - promptLength,
    }));
    const { total } = signatureFlops(config, counts, { lowest: 0, logitsTwice: false });
    return { speed: total / seconds, seconds };
  } finally {
    model.close();
  }
}

/** One block, of at most so many weights; the vocabulary has its share of it, as it has of all blocks. */
export function trialConfig(config: ModelConfig, weights: number): ModelConfig {
  const whole = { ...config, layers: 1, windows: config.windows.slice(0, 1), maxPositions: BATCH_TOKENS };
  const share = Math.ceil(config.vocabSize / config.layers / 4) * 4;
  const scale = Math.sqrt(weights / blockWeights(config));
  if (scale >= 1) return { ...whole, vocabSize: boundedVocabulary(share, config.hiddenSize, weights) };
  const cut = (width: number): number => Math.max(1, Math.round((width * scale) / WIDTH_UNIT)) * WIDTH_UNIT;
  const hiddenSize = cut(config.hiddenSize);
  const kvHeads = Math.max(1, Math.round(config.kvHeads * scale));
  return {
    ...whole,
    hiddenSize,
    intermediateSize: cut(config.intermediateSize),
    kvHeads,
    heads: kvHeads * (config.heads / config.kvHeads),
    vocabSize: boundedVocabulary(Math.ceil((share * scale) / 4) * 4, hiddenSize, weights),
  };
}

/** A vocabulary of no more weights than the block: a small model's may be many times its only block. */
function boundedVocabulary(size: number, hiddenSize: number, weights: number): number {
  return Math.max(4, Math.min(size, Math.floor(weights / hiddenSize / 4) * 4));
}

/** The block's matrices in the precisions of the source's first block. WebGPU makes buffers of zeros. */
function zeroModel(gpu: Gpu, config: ModelConfig, stored: ReadonlyMap<string, SourceTensor>): Model {
  const tensors = new Map<string, SourceTensor>(
    modelTensors(config).map(({ name, shape }) => [name, { dtype: stored.get(name)?.dtype ?? 'F32', shape }]),
  );
  const limit = gpu.report.limits['maxStorageBufferBindingSize'] ?? 0;
  const upload = new WeightUpload(gpu, { tensors }, config, limit);
  try {
    return new Model(gpu, config, new ResidentWeights(assembleWeights(config, upload), upload.buffers));
  } catch (error) {
    for (const buffer of upload.buffers) buffer.destroy();
    throw error;
  }
}

/** So many tokens of the rows, over and over, the last one cut; their ids brought into a smaller vocabulary. */
export function trialRows(
  rows: readonly TokenSequence[],
  tokens: number,
  vocabSize: number,
): TokenSequence[] {
  const taken: TokenSequence[] = [];
  let left = tokens;
  for (let i = 0; left >= 2; i++) {
    const { inputIds, promptLength } = rows[i % rows.length];
    const length = Math.min(inputIds.length, left);
    taken.push({
      inputIds: inputIds.slice(0, length).map((id) => id % vocabSize),
      promptLength: Math.min(promptLength, length - 1),
    });
    left -= length;
  }
  return taken;
}
