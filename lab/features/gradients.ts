/**
 * Gradients of the trained parameters at each kept checkpoint, of every row and every output alone, sketched with one seed for
 * all: what the methods of lab/methods/gradient-methods.ts compare.
 */
import { byteSizeText } from '../../lib/byte-size.ts';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { elementCount } from '../../services/compute/engine/device/tensor.ts';
import type { AdamwSettings } from '../../services/compute/engine/kernels/adamw.ts';
import type { TokenSequence } from '../../services/compute/engine/model/batch.ts';
import { restoreKept, type KeptCheckpoint } from '../../services/compute/engine/training/kept.ts';
import { DEFAULT_OPTIMIZER, type Trainer } from '../../services/compute/engine/training/trainer.ts';
import type { CheckpointFeatures } from './features.ts';
import { sketchesOf } from './gradient-sketches.ts';
import { meanRates } from './gradients-rates.ts';

export interface GradientRun {
  readonly gpu: Gpu;
  /** Of the training that kept the checkpoints; it is closed at the end. */
  readonly openTrainer: (gpu: Gpu) => Promise<Trainer>;
  readonly kept: readonly KeptCheckpoint[];
  readonly rows: readonly TokenSequence[];
  readonly outputs: readonly TokenSequence[];
  /** Numbers kept of each trained tensor: a multiple of 4. */
  readonly sketch: number;
  readonly seed: number;
  /** AdamW's of the training; DEFAULT_OPTIMIZER where none is given. */
  readonly optimizer?: AdamwSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Gradients done, of so many: of every row and output at every checkpoint. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * In the order of `kept`; `parts` are the numbers of each tensor before it was sketched, and `learningRate` is the mean of the steps
 * that the checkpoint stands for (gradients-rates.ts).
 */
export interface GradientFeatures {
  readonly rows: readonly CheckpointFeatures[];
  readonly outputs: readonly CheckpointFeatures[];
}

/** Of all sketches together, in bytes of the host's memory: methods compare checkpoints with one another. */
const MOST_BYTES = 4 * 2 ** 30;

/** A checkpoint with the rate that its gradients are weighed by. */
type Weighed = Pick<KeptCheckpoint, 'step' | 'learningRate'>;

/**
 * Throws CHECKPOINT_INVALID for a run without its log; REQUEST_TOO_LARGE for more than the host is to hold; what `sketchesOf` throws, naming the step, and what opening the trainer
 * and restoring throw.
 */
export async function gradientFeatures(run: GradientRun): Promise<GradientFeatures> {
  const found: { rows: CheckpointFeatures[]; outputs: CheckpointFeatures[] } = { rows: [], outputs: [] };
  const total = run.kept.length * (run.rows.length + run.outputs.length);
  let done = 0;
  const onSample = (): void => {
    done += 1;
    run.onProgress?.(done, total);
  };
  const rates = await meanRates(run.kept);
  const trainer = await run.openTrainer(run.gpu);
  try {
    checkSize(run, trainer.parameters.list.length, total);
    for (const [i, { folder, step }] of run.kept.entries()) {
      await restoreKept(folder, trainer);
      const checkpoint: Weighed = { step, learningRate: rates[i] };
      found.rows.push(await atCheckpoint(run, trainer, checkpoint, 'row', onSample));
      found.outputs.push(await atCheckpoint(run, trainer, checkpoint, 'output', onSample));
    }
    return found;
  } finally {
    trainer.close();
  }
}

function checkSize({ kept, sketch }: GradientRun, tensors: number, sketches: number): void {
  // One of the gradient, and one of what AdamW makes of it.
  const bytes = sketches * tensors * sketch * 2 * Float32Array.BYTES_PER_ELEMENT;
  if (bytes <= MOST_BYTES) return;
  throw new ReptraceError(
    'REQUEST_TOO_LARGE',
    `the sketched gradients of ${sketches / kept.length} rows and outputs at ${kept.length} checkpoints take ${byteSizeText(bytes)}`,
    'Evaluate fewer rows, or leave out the methods that look at gradients of parameters (--methods).',
  );
}

async function atCheckpoint(
  { rows, outputs, sketch: width, seed, optimizer = DEFAULT_OPTIMIZER, signal }: GradientRun,
  trainer: Trainer,
  { step, learningRate }: Weighed,
  kind: 'row' | 'output',
  onSample: () => void,
): Promise<CheckpointFeatures> {
  const samples = kind === 'row' ? rows : outputs;
  const { list } = trainer.parameters;
  try {
    const options = { width, seed, optimizer, signal, onSample };
    return {
      ...{ step, learningRate },
      ...(await sketchesOf(trainer, kind, samples, options)),
      parts: list.map(({ spec }) => elementCount(spec.shape)),
      modules: list.map(({ spec }) => spec.name),
    };
  } catch (error) {
    if (!(error instanceof ReptraceError) || error.code === 'CANCELLED') throw error;
    throw new ReptraceError(error.code, `at step ${step}, ${reasonOf(error)}`, error.remedy, {
      cause: error,
    });
  }
}
