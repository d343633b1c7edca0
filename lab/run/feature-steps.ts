/** Features as steps: of representations, of a sentence encoder, and of gradients, each only where a method asks for it. */
import { dirname } from 'node:path';
import { ReptraceError } from '../../lib/errors.ts';
import { loadPair } from '../../services/compute/engine/attribution/load-pair.ts';
import { keptCheckpoints } from '../../services/compute/engine/training/kept.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import {
  readGradients,
  readRepresentations,
  writeGradients,
  writeRepresentations,
  type Gradients,
} from '../features/feature-files.ts';
import type { Features, Vectors } from '../features/features.ts';
import { gradientFeatures } from '../features/gradients.ts';
import { labSamples, type TextPair } from '../features/lab-samples.ts';
import { sentenceVectors } from '../features/mean-hidden.ts';
import { representationsOf, type LabItems, type Representations } from '../features/representations.ts';
import { readArrays, writeArrays } from '../features/tensor-folder.ts';
import { lazy, type Lazy, type RunContext } from './context.ts';
import { digestOf } from './digest.ts';
import type { Prepared } from './prepare.ts';
import { openTrainer } from './train-step.ts';
import type { TunedModel } from './tuned-model.ts';
import { damaged, type Done } from './work-folder.ts';

/** One seed's model, and what is traced of it. */
export interface Subject {
  readonly seed: number;
  readonly prepared: Prepared;
  readonly tuned: TunedModel;
  readonly outputs: readonly TextPair[];
}

/** Numbers of each tensor's sketched gradient, and the seed of the sketch. */
const SKETCH = 256;
const SKETCH_SEED = 0x5eed;

export async function representationStep(
  { gpu, work, code, signal, show }: RunContext,
  { seed, prepared, tuned, outputs }: Subject,
): Promise<Done<Lazy<Representations>>> {
  const { base, rows, rowsDigest } = prepared;
  const title = `representations, seed ${seed}`;
  return work.step({
    ...{ name: `seed-${seed}/representations`, title, code: code.features },
    inputs: { base: base.digest, tuned: tuned.digest, rows: rowsDigest, outputs },
    make: async (folder) => {
      const pair = await loadPair(gpu, tuned.source, base.source);
      try {
        const found = await representationsOf(pair, rows, outputItems(prepared, outputs), {
          signal,
          onProgress: (what, done, total) => {
            show(`${title}: ${what}, ${done}/${total}`);
          },
        });
        await writeRepresentations(folder, found);
      } finally {
        pair.close();
      }
    },
    read: (folder) => Promise.resolve(lazy(() => readRepresentations(folder))),
  });
}

export interface Sentences {
  readonly rows: Vectors;
  readonly outputs: Vectors;
  readonly seconds: number;
}

/** @param encoder a model's folder */
export async function sentenceStep(
  { gpu, work, code, signal, show }: RunContext,
  { seed, prepared, outputs }: Subject,
  encoder: string,
): Promise<Done<Lazy<Sentences>>> {
  const source = await openModel(encoder);
  const title = `sentence vectors, seed ${seed}`;
  const pairs: readonly TextPair[] = [...prepared.set.rows, ...outputs];
  return work.step({
    ...{ name: `seed-${seed}/sentences`, title, code: code.features },
    inputs: { encoder: await source.digest(), rows: prepared.rowsDigest, outputs },
    make: async (folder) => {
      const { vectors, seconds } = await sentenceVectors(gpu, source, pairs, {
        signal,
        onProgress: (done, total) => {
          show(`${title}: ${done}/${total}`);
        },
      });
      const { dims, values } = vectors;
      await writeArrays(folder, { seconds }, [{ name: 'all', shape: [pairs.length, dims], values }]);
    },
    read: (folder) =>
      Promise.resolve(
        lazy(async () => {
          const read = await readArrays<{ readonly seconds: number }>(folder);
          const { shape, values } = read.array('all');
          const dims = shape[1];
          const split = prepared.set.rows.length * dims;
          return {
            rows: { dims, values: values.slice(0, split) },
            outputs: { dims, values: values.slice(split) },
            seconds: read.meta.seconds,
          };
        }),
      ),
  });
}

/** Of the checkpoints that training kept. */
export async function gradientStep(
  { gpu, work, code, signal, show }: RunContext,
  { seed, prepared, tuned, outputs }: Subject,
  trained: NonNullable<TunedModel['trained']>,
): Promise<Done<Lazy<Gradients & { readonly seconds: number }>>> {
  const title = `gradients, seed ${seed}`;
  return work.step({
    ...{ name: `seed-${seed}/gradients`, title, code: code.features },
    inputs: {
      ...{ tuned: tuned.digest, rows: prepared.rowsDigest, outputs: digestOf(outputs) },
      ...{ sketch: SKETCH, sketchSeed: SKETCH_SEED },
    },
    make: async (folder) => {
      const started = performance.now();
      const found = await fromTraining(trained.folder, async () =>
        gradientFeatures({
          gpu,
          openTrainer: () => openTrainer(gpu, trained.input),
          kept: await keptCheckpoints(trained.folder),
          rows: prepared.rows.samples,
          outputs: outputItems(prepared, outputs).samples,
          ...{ sketch: SKETCH, seed: SKETCH_SEED, signal },
          onProgress: (done, total) => {
            show(`${title}: ${done}/${total}`);
          },
        }),
      );
      await writeGradients(folder, found, (performance.now() - started) / 1000);
    },
    read: (folder) => Promise.resolve(lazy(() => readGradients(folder))),
  });
}

/** What `work` returns. Checkpoints that are damaged are the training's: its step is to be made again, not this one's. */
async function fromTraining<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isDamage = error instanceof ReptraceError && error.code === 'CHECKPOINT_INVALID';
    throw isDamage ? damaged(dirname(folder), error) : error;
  }
}

/** What methods are given. */
export function joinFeatures(
  found: Representations,
  gradients: Gradients | undefined,
  sentences: Sentences | undefined,
): Features {
  const { rows, outputs, centres, layer, lastLayer, curve } = found;
  const of = (side: 'rows' | 'outputs') => ({
    checkpoints: gradients?.[side] ?? [],
    ...(sentences === undefined ? {} : { sentence: sentences[side] }),
  });
  return {
    rows: { ...rows, ...of('rows') },
    outputs: { ...outputs, ...of('outputs') },
    ...{ centres, layer, lastLayer, curve },
  };
}

export function outputItems({ base }: Prepared, outputs: readonly TextPair[]): LabItems {
  return { pairs: outputs, samples: labSamples(base.source, 'output', outputs) };
}
