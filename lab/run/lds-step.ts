/**
 * The linear datamodelling score, as steps: the same training on random halves of the rows, the traced outputs' losses under each of
 * these models, and how well each method foretold them.
 */
import type { Method } from '../methods/method.ts';
import type { Figure, LdsResult } from '../results.ts';
import { halfSubsets, ldsOf, subsetLosses } from '../retrain/subsets.ts';
import type { RunContext } from './context.ts';
import type { Traced } from './evaluate-seed.ts';
import { lossStep } from './loss-step.ts';
import type { Prepared } from './prepare.ts';
import { trainingOn, trainStep, type TrainingInput } from './train-step.ts';
import { jsonStep } from './work-folder.ts';

export interface LdsInput {
  readonly prepared: Prepared;
  /** Of the model that was traced. */
  readonly training: TrainingInput;
  readonly traced: Traced;
  /** Models that are trained. */
  readonly subsets: number;
}

/** What `ldsOf` is measured against. */
interface Measured {
  readonly subsets: readonly (readonly number[])[];
  /** [subsets][outputs], in nats. */
  readonly losses: readonly (readonly number[])[];
}

/** Halves are the same for every seed of training, so that seeds differ by their models alone. */
export async function ldsResult(context: RunContext, input: LdsInput): Promise<LdsResult> {
  const { prepared, traced } = input;
  const subsets = halfSubsets(prepared.set, input.subsets, prepared.recipe.seed);
  const losses = await subsetLosses({
    subsets,
    lossesOn: (rows) => lossesOn(context, input, rows),
    onProgress: (training, of) => {
      context.show(`LDS: half ${training}/${of}`);
    },
  });
  const byMethod: [string, Figure][] = [];
  for (const method of traced.methods) {
    byMethod.push([method.name, await ldsStep(context, input, method, { subsets, losses })]);
  }
  return { subsets: subsets.length, byMethod: Object.fromEntries(byMethod) };
}

/** @returns mean response loss of each traced output */
async function lossesOn(
  context: RunContext,
  { prepared, training, traced }: LdsInput,
  rows: readonly number[],
): Promise<readonly number[]> {
  const { seed } = training;
  const half = trainingOn(
    training,
    rows.map((row) => prepared.set.rows[row]),
  );
  const title = `training on half of the rows, seed ${seed}`;
  const { value, key } = await trainStep(context, `seed-${seed}/training`, title, half);
  return lossStep(context, {
    ...{ name: `seed-${seed}/output-losses`, title: `losses of outputs after it, seed ${seed}` },
    ...{ model: { source: value.source, digest: key }, kind: 'output', pairs: traced.outputs },
  });
}

async function ldsStep(
  { work, code }: RunContext,
  { prepared, training, traced }: LdsInput,
  method: Method,
  { subsets, losses }: Measured,
): Promise<Figure> {
  const { seed } = training;
  const { seed: measureSeed } = prepared.recipe;
  const { value } = await work.step(
    jsonStep({
      ...{ name: `seed-${seed}/lds/${method.name}`, title: `LDS of ${method.name}, seed ${seed}` },
      code: code.figures,
      inputs: { method: method.name, from: traced.keysFor(method.needs), measureSeed, subsets, losses },
      value: async () => {
        const { features } = await traced.features();
        return ldsOf(method.scores(features), subsets, losses, measureSeed);
      },
    }),
  );
  return value;
}
