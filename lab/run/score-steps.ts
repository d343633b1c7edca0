/** A method's scores of a set's rows, measured: a step of each method, so that one more of them costs its own time alone. */
import { averagePrecisions, measure } from '../metrics/measure.ts';
import type { Features } from '../features/features.ts';
import { gradientShare } from '../methods/charge.ts';
import type { Method, Need } from '../methods/method.ts';
import type { MethodResult } from '../results.ts';
import type { RunContext } from './context.ts';
import { jsonStep } from './work-folder.ts';

/** Features with the seconds that each pass over rows and outputs took. */
export interface TimedFeatures {
  readonly features: Features;
  readonly seconds: Readonly<Record<Pass, number>>;
}

export type Pass = 'base' | 'tuned' | 'mean' | 'sentence' | 'gradients';

/** What has to be run for each need: a pass that two needs share is counted once. */
const PASSES: Readonly<Record<Need, readonly Pass[]>> = {
  layers: ['tuned'],
  lessons: ['base', 'tuned'],
  meanHidden: ['mean'],
  sentence: ['sentence'],
  gradients: ['gradients'],
};

export interface ScoreInput {
  readonly seed: number;
  readonly method: Method;
  /** Keys of the steps that the features come from. */
  readonly from: readonly string[];
  readonly poison: ReadonlySet<number>;
  /** Of ties and intervals. */
  readonly measureSeed: number;
  readonly features: () => Promise<TimedFeatures>;
}

/** Throws what the method throws, and NOT_FINITE for a score that is not. */
export async function scoreStep({ work, code }: RunContext, input: ScoreInput): Promise<MethodResult> {
  const { seed, method, from, poison, measureSeed, features } = input;
  const { value } = await work.step(
    jsonStep({
      ...{ name: `seed-${seed}/scores/${method.name}`, title: `scores of ${method.name}, seed ${seed}` },
      code: code.figures,
      inputs: { method: method.name, from, measureSeed },
      value: async () => scored(method, await features(), poison, measureSeed),
    }),
  );
  return value;
}

function scored(
  method: Method,
  { features, seconds }: TimedFeatures,
  poison: ReadonlySet<number>,
  seed: number,
): MethodResult {
  const started = performance.now();
  const scores = method.scores(features);
  const scoreSeconds = (performance.now() - started) / 1000;
  return {
    ...{ method: method.name, title: method.title, layer: scores.layer ?? null },
    ...measure(scores, poison, seed),
    apByOutput: averagePrecisions(scores, poison, seed),
    cost: {
      featureSeconds: featureSeconds(method.needs, {
        ...seconds,
        gradients: seconds.gradients * gradientShare(method, features),
      }),
      scoreSeconds,
      bytesPerRow: method.bytesPerRow(features) ?? null,
    },
  };
}

export function featureSeconds(needs: readonly Need[], seconds: Readonly<Record<Pass, number>>): number {
  const passes = new Set(needs.flatMap((need) => PASSES[need]));
  return [...passes].reduce((sum, pass) => sum + seconds[pass], 0);
}
