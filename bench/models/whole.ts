/** How fast whole models make signatures, and which share that is of what the adapter's multiply-adds allow. */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { batchFlops } from '../engine/batch-flops.ts';
import { tune } from '../engine/tuned.ts';
import type { Roof } from '../limits/predicted.ts';
import { countedSeconds, interleaveTimings, type Timings } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import type { Asked, Plan, Work } from './plans.ts';
import { Signing } from './signing.ts';

export interface WholeSpeed {
  readonly model: string;
  readonly layer: number;
  readonly layers: number;
  readonly withBase: boolean;
  readonly samples: number;
  readonly tokens: number;
  /** Executed: two for each multiply-add of products and attention. */
  readonly flops: number;
  /** Of all samples, results read back: by the clock that counts (interleave.ts), and by the wall clock. */
  readonly seconds: Summary;
  readonly wallSeconds: Summary;
  readonly samplesPerSecond: number;
  readonly tokensPerSecond: number;
  /** Tokens a second if nothing but the multiply-adds took time, at the adapter's rate of them; and our share of it. */
  readonly limit: number;
  readonly ofLimit: number;
  /** Null on a GPU, of which more is expected, and where nothing is asked. */
  readonly asked: Asked | null;
}

export interface WholeModel {
  readonly note: string;
  /** Bytes on the GPU: weights, a base's too, and the scratch memory that was ever taken. */
  readonly weights: number;
  readonly scratch: number;
  readonly speeds: readonly WholeSpeed[];
}

export interface WholeOptions {
  readonly rounds: number;
  readonly roof: Roof;
}

/** A timing on a GPU has several runs; on a software adapter one is long enough. */
const GPU_SAMPLE_SECONDS = 0.1;

export async function measureWhole(
  gpu: Gpu,
  plan: Plan,
  { rounds, roof }: WholeOptions,
): Promise<WholeModel> {
  const { software } = gpu.report;
  const models: Model[] = [];
  try {
    await tune(gpu, plan.config);
    const model = await plan.load(gpu);
    models.push(model);
    let base: Model | undefined;
    if (plan.loadBase !== undefined && plan.works.some(({ withBase }) => withBase)) {
      base = await plan.loadBase(gpu, { recorder: model.recorder, arena: model.arena });
      models.push(base);
    }
    const signings = plan.works.map(
      ({ layer, samples, batchTokens, withBase }) =>
        new Signing({ model, base: withBase ? base : undefined, layer, batchTokens }, samples),
    );
    const timings = await interleaveTimings(signings, {
      rounds,
      sampleSeconds: software ? 0 : GPU_SAMPLE_SECONDS,
    });
    const speeds = plan.works.map((work, i) =>
      speedOf(plan, work, signings[i], { timings: timings[i], software, roof }),
    );
    const weights = models.reduce((sum, one) => sum + one.weights.bytes, 0);
    return { note: plan.note, weights, scratch: model.arena.bytes, speeds };
  } finally {
    for (const model of models) model.close();
  }
}

interface Measured {
  readonly timings: Timings;
  readonly software: boolean;
  readonly roof: Roof;
}

function speedOf(
  { name, config }: Plan,
  { layer, samples, withBase, asked }: Work,
  { batches }: Signing,
  { timings, software, roof }: Measured,
): WholeSpeed {
  const tokens = samples.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  const flops = batches.reduce((sum, batch) => sum + batchFlops(config, batch, layer, withBase).total, 0);
  const seconds = summarize(countedSeconds(timings, software));
  const least = flops / roof.flopsPerSecond;
  return {
    ...{ model: name, layer, layers: config.layers, withBase, samples: samples.length, tokens, flops },
    ...{ seconds, wallSeconds: summarize(timings.seconds) },
    samplesPerSecond: samples.length / seconds.median,
    tokensPerSecond: tokens / seconds.median,
    ...{ limit: tokens / least, ofLimit: least / seconds.median },
    asked: software ? asked : null,
  };
}
