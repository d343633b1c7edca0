/** A real quantised model, its blocks kept on the GPU beside its weights widened to float32: memory and speed, in turns. */
import { existsSync } from 'node:fs';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { interleave } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import { benchBatch } from './batch.ts';
import { cutModel } from './cut-model.ts';

/** Relative to the repository root, from which benchmarks run. */
export const QUANTIZED_MODEL = '../shared/models/smollm2-135m-instruct';
/** The vocabulary is cut as the blocks are, so that the head keeps its share of the work. */
const LAYERS = 2;
const VOCABULARY = 3276;
const SAMPLE_SECONDS = 0.1;

export interface QuantizedModelSpeed {
  /** What is run: through the head alone, or back through all blocks too. */
  readonly work: 'forward' | 'forward and backward';
  readonly tokens: number;
  /** Seconds of one batch. */
  readonly kept: Summary;
  readonly widened: Summary;
  /** Seconds kept over widened, round by round: below 1, kept is faster. */
  readonly ratio: Summary;
}

export interface QuantizedModel {
  /** Of all weights on the GPU. */
  readonly bytes: { readonly kept: number; readonly widened: number };
  readonly speeds: readonly QuantizedModelSpeed[];
}

/** Undefined where the model is not here. */
export async function measureQuantizedModel(
  gpu: Gpu,
  { tokens, rounds }: { tokens: number; rounds: number },
): Promise<QuantizedModel | undefined> {
  if (!existsSync(QUANTIZED_MODEL)) return undefined;
  const kept = await load(gpu, 'keep');
  const widened = await load(gpu, 'widen');
  try {
    const samples = benchBatch(tokens, VOCABULARY);
    const works = [
      { work: 'forward', layer: LAYERS },
      { work: 'forward and backward', layer: 0 },
    ] as const;
    const contenders = works.flatMap(({ layer }) =>
      [kept, widened].map((model) => ({
        run: async (repeats: number) => {
          for (let i = 0; i < repeats; i++) {
            const results = await signaturesOfBatch(model, samples, { layers: [layer] });
            for (const result of results) if ('error' in result) throw result.error;
          }
        },
      })),
    );
    const timings = await interleave(contenders, { rounds, sampleSeconds: SAMPLE_SECONDS });
    return {
      bytes: { kept: kept.weights.bytes, widened: widened.weights.bytes },
      speeds: works.map(({ work }, i) => {
        const [own, other] = timings.slice(2 * i);
        const ratio = summarize(own.map((seconds, round) => seconds / other[round]));
        return { work, tokens, kept: summarize(own), widened: summarize(other), ratio };
      }),
    };
  } finally {
    kept.close();
    widened.close();
  }
}

async function load(gpu: Gpu, quantized: 'keep' | 'widen'): Promise<Model> {
  return Model.load(gpu, cutModel(await openModel(QUANTIZED_MODEL, { quantized }), LAYERS, VOCABULARY));
}
