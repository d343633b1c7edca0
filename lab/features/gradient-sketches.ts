/**
 * Sketches of the gradients of samples, one sample after the other, at a trainer's present parameters: a full gradient never leaves
 * the GPU, and sketches come back some dozens at a time. While the GPU works on one sample the next is recorded.
 */
import { byteSizeText } from '../../lib/byte-size.ts';
import { ReptraceError } from '../../lib/errors.ts';
import type { Scope } from '../../services/compute/engine/device/arena.ts';
import type { Tensor } from '../../services/compute/engine/device/tensor.ts';
import type { AdamwSettings } from '../../services/compute/engine/kernels/adamw.ts';
import * as gradientSketch from '../../services/compute/engine/kernels/gradient-sketch.ts';
import { uploadWords, type TokenSequence } from '../../services/compute/engine/model/batch.ts';
import type { Trainer } from '../../services/compute/engine/training/trainer.ts';
import type { Vectors } from './features.ts';
import { throwIfStopped } from './stop.ts';

/** Samples whose sketches are read back together, and the bytes that they may have, each of the two kinds. */
const READ_SAMPLES = 32;
const READ_BYTES = 16 << 20;
/** Of the sketches of all samples of one kind: one array, below what every Node allows. */
const ARRAY_BYTES = 2 ** 31;

export interface SketchOptions {
  /** Numbers kept of each trained tensor: a multiple of 4. */
  readonly width: number;
  /** One for all that is to be compared. */
  readonly seed: number;
  readonly optimizer: AdamwSettings;
  readonly signal?: AbortSignal | undefined;
  /** Called for each sample once those before it are done, and it is under way. */
  readonly onSample?: (() => void) | undefined;
}

/** [samples, tensors * width] each. */
export interface Sketches {
  readonly gradient: Vectors;
  readonly adam: Vectors;
}

/**
 * @param kind what errors call a sample, with its number from 1
 * Throws CANCELLED, NOT_FINITE, naming the sample, OUT_OF_MEMORY for sketches that no array holds, SHAPE_MISMATCH for a width that
 * is no multiple of 4.
 */
export async function sketchesOf(
  trainer: Trainer,
  kind: string,
  samples: readonly TokenSequence[],
  options: SketchOptions,
): Promise<Sketches> {
  const dims = trainer.parameters.list.length * options.width;
  checkSize(kind, samples.length * dims * 4);
  const found = {
    gradient: { dims, values: new Float32Array(samples.length * dims) },
    adam: { dims, values: new Float32Array(samples.length * dims) },
  };
  const { arena, recorder } = trainer.model;
  const scope = arena.scope();
  try {
    const together = Math.max(1, Math.min(READ_SAMPLES, Math.floor(READ_BYTES / (4 * dims)), samples.length));
    const buffers = takeBuffers(trainer, scope, options, together);
    for (let first = 0; first < samples.length; first += together) {
      const some = samples.slice(first, first + together);
      await recordSketches(trainer, some, options, buffers);
      const shape = [some.length, dims];
      const [plain, corrected] = await recorder.readFloats([
        { ...buffers.plain, shape },
        { ...buffers.corrected, shape },
      ]);
      checkFinite(kind, first, dims, [plain, corrected]);
      found.gradient.values.set(plain, first * dims);
      found.adam.values.set(corrected, first * dims);
    }
    return found;
  } finally {
    scope.end();
  }
}

type Buffers = Record<'starts' | 'partial' | 'plain' | 'corrected', Tensor>;

function takeBuffers(trainer: Trainer, scope: Scope, { width }: SketchOptions, rows: number): Buffers {
  const { list } = trainer.parameters;
  const starts = gradientSketch.pieceStarts(
    list.map(({ spec }) => spec.shape),
    width,
  );
  return {
    starts: uploadWords(trainer.model.recorder, scope, starts),
    partial: scope.take([starts[list.length], width, 2]),
    plain: scope.take([rows, list.length, width]),
    corrected: scope.take([rows, list.length, width]),
  };
}

/** A sample in each row of the buffers. At most two are under way at once: whoever stops waits no longer than for those. */
async function recordSketches(
  trainer: Trainer,
  samples: readonly TokenSequence[],
  { width, seed, optimizer: settings, signal, onSample }: SketchOptions,
  buffers: Buffers,
): Promise<void> {
  const { recorder, gpu } = trainer.model;
  let before = Promise.resolve();
  for (const [row, sample] of samples.entries()) {
    throwIfStopped(signal);
    await trainer.recordGradients([sample]);
    gradientSketch.forward(recorder, {
      ...buffers,
      ...{ tensors: trainer.parameters.list, width, seed },
      ...{ settings, step: trainer.steps + 1, row },
    });
    recorder.submit();
    const done = gpu.idle();
    // Waited for one sample later, or not at all where that one is refused.
    done.catch(() => undefined);
    await before;
    before = done;
    onSample?.();
  }
}

function checkFinite(kind: string, first: number, dims: number, chunks: readonly Float32Array[]): void {
  for (const chunk of chunks) {
    const at = chunk.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    throw new ReptraceError(
      'NOT_FINITE',
      `the gradient of ${kind} ${first + Math.floor(at / dims) + 1} is not finite`,
      'Use weights that training has not made infinite.',
    );
  }
}

function checkSize(kind: string, bytes: number): void {
  if (bytes < ARRAY_BYTES) return;
  throw new ReptraceError(
    'OUT_OF_MEMORY',
    `the sketched gradients of all ${kind}s take ${byteSizeText(bytes)}`,
    'Use a smaller sketch, or fewer rows.',
  );
}
