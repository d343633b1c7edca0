/** Sketches of a real model's gradients against the gradients themselves, read back whole. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { elementCount } from '../../services/compute/engine/device/tensor.ts';
import type { TokenSequence } from '../../services/compute/engine/model/batch.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { relativeError } from '../../services/compute/engine/oracle/compare.ts';
import { adamDirection, sketch, sketchKeys } from '../../services/compute/engine/oracle/gradient-sketch.ts';
import { fromModel } from '../../services/compute/engine/training/initial-weights.ts';
import { DEFAULT_OPTIMIZER, Trainer } from '../../services/compute/engine/training/trainer.ts';
import { sharedPath } from '../../test/shared.ts';
import { TRACIN } from '../methods/tracin.ts';
import type { CheckpointFeatures, Features } from './features.ts';
import { sketchesOf, type SketchOptions, type Sketches } from './gradient-sketches.ts';

const SAMPLES: readonly TokenSequence[] = [20, 33, 7].map((length, i) => ({
  inputIds: Array.from({ length }, (_, t) => (i * 97 + t * 31 + 5) % 500),
  promptLength: 1 + 2 * i,
}));

interface WholeGradient {
  readonly gradient: readonly Float32Array[];
  readonly adam: readonly Float64Array[];
}

let gpu: Gpu;
let trainer: Trainer;
/** Of each sample. */
const whole: WholeGradient[] = [];

beforeAll(async () => {
  gpu = await Gpu.open();
  const folder = await openModelFolder(sharedPath('models/stories260K/hf'));
  trainer = await Trainer.create(gpu, folder.config, fromModel(folder));
  // Two steps, so that AdamW has moments.
  for (let step = 0; step < 2; step++) await trainer.step(SAMPLES, 1e-3);
  for (const sample of SAMPLES) {
    await trainer.gradientsOf([sample]);
    const gradients: Float32Array[] = [];
    const adam: Float64Array[] = [];
    for (const parameter of trainer.parameters.list) {
      const gradient = await trainer.read(parameter.gradient);
      const [first, second] = [await trainer.read(parameter.first), await trainer.read(parameter.second)];
      gradients.push(gradient);
      adam.push(adamDirection({ gradient, first, second, ...DEFAULT_OPTIMIZER, step: 3 }));
    }
    whole.push({ gradient: gradients, adam });
  }
});

afterAll(() => {
  trainer.close();
  gpu.close();
});

function options(width: number): SketchOptions {
  return { width, seed: 11, optimizer: DEFAULT_OPTIMIZER };
}

describe('sketches of gradients', () => {
  it('are the oracle’s sketches of the gradients that are read back, plain and corrected', async () => {
    const width = 64;
    const found = await sketchesOf(trainer, 'row', SAMPLES, options(width));
    for (const kind of ['gradient', 'adam'] as const) {
      const { dims, values } = found[kind];
      expect(dims).toBe(trainer.parameters.list.length * width);
      for (const [i, tensors] of whole.entries()) {
        const expected = tensors[kind].flatMap((values, t) => [...sketch(values, width, sketchKeys(11, t))]);
        const error = relativeError(values.subarray(i * dims, (i + 1) * dims), expected);
        expect(error, `${kind} of sample ${i}`).toBeLessThanOrEqual(1e-5);
      }
    }
  });

  it('wide enough to keep everything make TracIn the exact dot product', async () => {
    const shapes = trainer.parameters.list.map(({ spec }) => elementCount(spec.shape));
    const sketches = await sketchesOf(trainer, 'row', SAMPLES, options(Math.max(...shapes)));
    const scores = TRACIN.scores(featuresOf(sketches, shapes)).byOutput;
    for (const [i, one] of whole.entries()) {
      for (const [j, other] of whole.entries()) {
        let exact = 0;
        let lengths = [0, 0];
        one.gradient.forEach((tensor, t) => {
          tensor.forEach((value, at) => {
            const its = other.gradient[t][at];
            exact += value * its;
            lengths = [lengths[0] + value ** 2, lengths[1] + its ** 2];
          });
        });
        expect(Math.abs(scores[i][j] - exact) / Math.sqrt(lengths[0] * lengths[1])).toBeLessThanOrEqual(1e-6);
      }
    }
  });

  it('do not depend on the samples beside them, and come back in their order', async () => {
    const many = Array.from({ length: 34 }, (_, i) => SAMPLES[i % 3]);
    const { gradient } = await sketchesOf(trainer, 'row', many, options(4));
    const row = (i: number): string =>
      gradient.values.subarray(i * gradient.dims, (i + 1) * gradient.dims).join();
    for (let i = 3; i < 34; i++) expect(row(i)).toBe(row(i % 3));
    expect(new Set([row(0), row(1), row(2)]).size).toBe(3);
  });

  it('stop when they are told to, between samples', async () => {
    const stop = new AbortController();
    let done = 0;
    const onSample = (): void => {
      done += 1;
      if (done === 2) stop.abort();
    };
    const work = sketchesOf(trainer, 'row', SAMPLES, { ...options(4), signal: stop.signal, onSample });
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(done).toBe(2);
  });

  it('refuse sketches that no array holds, and widths that are no multiple of 4', async () => {
    await expect(sketchesOf(trainer, 'row', SAMPLES, options(2 ** 30))).rejects.toThrow(
      /gradients of all rows take .*(GB|GiB|TB|TiB)/,
    );
    await expect(sketchesOf(trainer, 'row', SAMPLES, options(6))).rejects.toThrow(/width is 6/);
  });

  it('name the sample whose gradient is not finite', async () => {
    const folder = await openModelFolder(sharedPath('models/stories260K/hf'));
    const broken = await Trainer.create(gpu, folder.config, async (spec) => {
      const values = await fromModel(folder)(spec);
      return spec.name === 'model.norm.weight' ? values.fill(Infinity) : values;
    });
    try {
      await expect(sketchesOf(broken, 'output', SAMPLES, options(4))).rejects.toMatchObject({
        code: 'NOT_FINITE',
        message: expect.stringMatching(/output 1\b/) as string,
      });
    } finally {
      broken.close();
    }
  });
});

function featuresOf({ gradient, adam }: Sketches, parts: readonly number[]): Features {
  const modules = parts.map((_, t) => `tensor ${t}`);
  const checkpoints: CheckpointFeatures[] = [{ step: 2, learningRate: 1e-3, gradient, adam, parts, modules }];
  const items = {
    ...{
      count: SAMPLES.length,
      prompts: [],
      responses: [],
      layers: new Map(),
      ratios: [],
      lessons: [],
      beginnings: [],
    },
    ...{ meanHidden: { dims: 0, values: new Float32Array() }, checkpoints },
  };
  return { rows: items, outputs: items, centres: new Map(), layer: 0, lastLayer: 0, curve: [] };
}
