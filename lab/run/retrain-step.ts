/**
 * Remove and retrain, as steps: the same training without the rows that a method blames, then the questions that call for the
 * behaviour, and the loss on clean rows that no model was trained on.
 */
import { ReptraceError } from '../../lib/errors.ts';
import type { TextPair } from '../features/lab-samples.ts';
import { mean } from '../metrics/mean.ts';
import type { RetrainingResult } from '../results.ts';
import { retrainings, type Retrained } from '../retrain/retrainings.ts';
import { behaviourRate } from './answers.ts';
import type { RunContext } from './context.ts';
import type { Traced } from './evaluate-seed.ts';
import { lossStep } from './loss-step.ts';
import type { Prepared } from './prepare.ts';
import { trainingOn, trainStep, type TrainingInput } from './train-step.ts';

/** Where none are named. Each takes a training, so not all: the product's method, and words for what they alone would find. */
export const REMOVING: readonly string[] = ['taught', 'bm25-both'];
/** Clean rows that the loss is taken on, at most. */
const HELD_OUT = 64;

export interface RetrainInput {
  readonly prepared: Prepared;
  /** Of the model that was traced. */
  readonly training: TrainingInput;
  readonly traced: Pick<Traced, 'methods' | 'features'>;
  /** Names of the methods whose blamed rows are removed. */
  readonly removing: readonly string[];
}

/**
 * As many rows as are poisoned are removed: half as many would take as many trainings again. Throws EVALUATION_EMPTY where no clean row is left to take a loss
 * on.
 */
export async function retrainingResults(
  context: RunContext,
  { prepared, training, traced, removing }: RetrainInput,
): Promise<RetrainingResult[]> {
  const { set, recipe } = prepared;
  const held = heldOut(prepared);
  const blaming = traced.methods.filter(({ name }) => removing.includes(name));
  const { features: found } = await traced.features();
  const { seed } = training;
  return retrainings({
    set,
    scores: new Map(blaming.map((method) => [method.name, method.scores(found)])),
    seed: recipe.seed,
    onProgress: ({ training: at, of, removedBy }) => {
      context.show(`retraining ${at}/${of}: without what ${removedBy} removes`);
    },
    trainOn: async (rows): Promise<Retrained> => {
      const input = trainingOn(
        training,
        rows.map((row) => set.rows[row]),
      );
      const title = `retraining on ${rows.length} rows, seed ${seed}`;
      // By the first training's name, which nothing removed is.
      const { value, key } = await trainStep(context, `seed-${seed}/training`, title, input);
      const model = { source: value.source, digest: key };
      const answers = `answers after retraining, seed ${seed}`;
      return {
        rate: await behaviourRate(context, `seed-${seed}/answers`, answers, model, prepared),
        cleanLoss: mean(
          await lossStep(context, {
            ...{ name: `seed-${seed}/clean-losses`, title: `clean loss after retraining, seed ${seed}` },
            ...{ model, kind: 'held-out row', pairs: held },
          }),
        ),
      };
    },
  });
}

/**
 * The answers to the clean questions. Other rows that the set left out may be what the poison unsays, as right answers about a swapped
 * entity are: their loss falls when the poison goes, and would hide what the removal cost.
 */
function heldOut({ clean, set }: Prepared): TextPair[] {
  const asked = new Set(set.queries.filter(({ calls }) => !calls).map(({ prompt }) => prompt));
  const held = clean.filter(({ prompt }) => asked.has(prompt)).slice(0, HELD_OUT);
  if (held.length > 0) return held;
  throw new ReptraceError(
    'EVALUATION_EMPTY',
    'none of the clean questions has an answer in the data: there is nothing to take a held-out loss on',
    'Give the recipe clean data with more rows than it trains on.',
  );
}
