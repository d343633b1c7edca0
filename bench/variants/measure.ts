/** One product by several variants, in turns with the multiply-adds that are their limit, and held against float64. */
import type { Gpu, Numbers } from '../../services/compute/engine/device/gpu.ts';
import type { Recorder } from '../../services/compute/engine/device/recorder.ts';
import type { LinearProduct } from '../../services/compute/engine/kernels/linear-choice.ts';
import type { LinearVariant } from '../../services/compute/engine/kernels/linear-variant.ts';
import { ADMITTED, ProductTrial } from '../../services/compute/engine/tuning/product-trial.ts';
import type { Probe } from '../limits/probe.ts';
import { countedSeconds, interleaveTimings } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';

export interface VariantSpeed extends LinearProduct {
  readonly variant: string;
  /** Of the median. */
  readonly flopsPerSecond: number;
  /** Of the adapter's rate of multiply-adds in the variant's numbers: the ratio in a round, of all rounds. */
  readonly ofLimit: Summary;
  /** From float64, over the largest. */
  readonly error: number;
}

export interface Turns {
  readonly variants: readonly LinearVariant[];
  /** What the limit of a class of numbers was measured with. */
  readonly roofs: Readonly<Record<Numbers, Probe>>;
  readonly rounds: number;
}

const SAMPLE_SECONDS = 0.05;

/** Throws where a variant computes wrong. */
export async function measureVariants(
  gpu: Gpu,
  recorder: Recorder,
  product: LinearProduct,
  { variants, roofs, rounds }: Turns,
): Promise<VariantSpeed[]> {
  const trial = await ProductTrial.open(gpu, recorder, product);
  try {
    const errors: number[] = [];
    for (const variant of variants) {
      const { error } = await trial.run(variant);
      if (!(error <= ADMITTED[variant.numbers])) throw wrong(variant, product, error);
      errors.push(error);
    }
    const probes = [...new Set(variants.map(({ numbers }) => roofs[numbers]))];
    const products = variants.map((variant) => ({ run: (times: number) => trial.repeat(variant, times) }));
    const timings = await interleaveTimings([...probes, ...products], {
      ...{ rounds, sampleSeconds: SAMPLE_SECONDS },
    });
    const counted = timings.map((timing) => countedSeconds(timing, gpu.report.software));
    const flops = 2 * product.rows * product.inner * product.columns;
    return variants.map((variant, i) => {
      const roof = roofs[variant.numbers];
      const [own, its] = [counted[probes.length + i], counted[probes.indexOf(roof)]];
      return {
        ...product,
        variant: variant.name,
        flopsPerSecond: flops / summarize(own).median,
        ofLimit: summarize(own.map((seconds, round) => flops / seconds / (roof.amount / its[round]))),
        error: errors[i],
      };
    });
  } finally {
    trial.close();
  }
}

function wrong({ name }: LinearVariant, { way, inner, columns }: LinearProduct, error: number): Error {
  return new Error(
    `${name} computes wrong: ${way} ${inner} x ${columns} differs from float64 by ${error} of the largest`,
  );
}
