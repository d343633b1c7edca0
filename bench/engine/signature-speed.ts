/** How fast signatures are made: every model at its last, middle and first layer, timed in turns. */
import type { SignatureFlops } from '../../services/compute/engine/attribution/signature-flops.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { interleave } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import { benchBatch } from './batch.ts';
import { batchFlops } from './batch-flops.ts';
import type { ModelSource } from './models.ts';

export interface SignatureSpeed {
  readonly model: string;
  readonly layer: number;
  readonly layers: number;
  readonly tokens: number;
  readonly predictedTokens: number;
  readonly flops: SignatureFlops;
  /** Of one batch, results read back. */
  readonly seconds: Summary;
  readonly tokensPerSecond: number;
  readonly gigaflops: number;
}

/** A timing holds several batches where they are shorter. */
const SAMPLE_SECONDS = 0.1;

export async function measureSignatures(
  gpu: Gpu,
  sources: readonly ModelSource[],
  { tokens, rounds }: { tokens: number; rounds: number },
): Promise<SignatureSpeed[]> {
  const models: Model[] = [];
  try {
    for (const source of sources) models.push(await source.load(gpu));
    const cases = models.flatMap((model, i) =>
      layersOf(model).map((layer) => new SignatureCase(sources[i].name, model, layer, tokens)),
    );
    const samples = await interleave(cases, { rounds, sampleSeconds: SAMPLE_SECONDS });
    return cases.map((one, i) => one.speed(samples[i]));
  } finally {
    for (const model of models) model.close();
  }
}

/** The last layer, the middle one and the first block's, without repeats where a model has few. */
function layersOf({ config: { layers } }: Model): number[] {
  return [...new Set([layers, Math.ceil(layers / 2), 1])];
}

class SignatureCase {
  readonly #name: string;
  readonly #model: Model;
  readonly #layer: number;
  readonly #samples: ReturnType<typeof benchBatch>;

  constructor(name: string, model: Model, layer: number, tokens: number) {
    this.#name = name;
    this.#model = model;
    this.#layer = layer;
    this.#samples = benchBatch(tokens, model.config.vocabSize);
  }

  async run(repeats: number): Promise<void> {
    for (let i = 0; i < repeats; i++) {
      for (const result of await signaturesOfBatch(this.#model, this.#samples, { layers: [this.#layer] })) {
        if ('error' in result) throw result.error;
      }
    }
  }

  speed(samples: readonly number[]): SignatureSpeed {
    const { config } = this.#model;
    const flops = batchFlops(config, this.#samples, this.#layer);
    const tokens = this.#samples.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
    const prompts = this.#samples.reduce((sum, { promptLength }) => sum + promptLength, 0);
    const seconds = summarize(samples);
    return {
      model: this.#name,
      layer: this.#layer,
      layers: config.layers,
      tokens,
      predictedTokens: tokens - prompts,
      flops,
      seconds,
      tokensPerSecond: tokens / seconds.median,
      gigaflops: flops.total / seconds.median / 1e9,
    };
  }
}
