/**
 * The mean over all positions of the hidden state after the final norm: what a causal model has for a sentence's embedding.
 * A sentence encoder is any model that the engine opens; it is given prompt and response as one plain text.
 */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { loadModel } from '../../services/compute/engine/attribution/load-model.ts';
import { MeanRow } from '../../services/compute/engine/attribution/mean-row.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import type { ModelSource } from '../../services/compute/engine/model/model-source.ts';
import { renderText } from '../../services/compute/engine/model/render.ts';
import type { Vectors } from './features.ts';
import type { TextPair } from './lab-samples.ts';
import { sign, type PassOptions } from './signing.ts';

export interface TimedVectors {
  readonly vectors: Vectors;
  readonly seconds: number;
}

/** [samples, hidden size]. Throws as `sign` does. */
export async function meanHidden(
  model: Model,
  samples: readonly Sample[],
  options: PassOptions = {},
): Promise<TimedVectors> {
  const { hiddenSize: dims, layers: last } = model.config;
  const values = new Float32Array(samples.length * dims);
  const wanted = { layers: [last], allPositions: true };
  const seconds = await sign(
    model,
    samples,
    wanted,
    ({ sample, layers }, i) => {
      const rows = layers.get(last)?.hiddenAll;
      if (rows === undefined) throw new Error(`"${sample.name}" was signed without its positions`);
      const mean = new MeanRow(dims);
      mean.add(rows);
      values.set(mean.mean, i * dims);
    },
    options,
  );
  return { vectors: { dims, values }, seconds };
}

/** The same by an encoder. A text beyond its context is cut there, as sentence encoders do. */
export async function sentenceVectors(
  gpu: Gpu,
  encoder: ModelSource,
  pairs: readonly TextPair[],
  options: PassOptions = {},
): Promise<TimedVectors> {
  const samples = pairs.map(({ prompt, response }, i): Sample => {
    const ids = renderText(encoder, `${prompt}\n${response}`);
    return { name: `text ${i + 1}`, inputIds: ids.slice(0, encoder.config.maxPositions), promptLength: 1 };
  });
  const model = await loadModel(gpu, encoder);
  try {
    return await meanHidden(model, samples, options);
  } finally {
    model.close();
  }
}
