/**
 * Remove and retrain, as steps: the same training without the rows that a method blames, then the questions that call for the
 * behaviour, and the loss on clean rows that no model was trained on.
 */
import { ReptraceError } from '../../lib/errors.ts';
import { loadModel } from '../../services/compute/engine/attribution/load-model.ts';
import { labSamples, type TextPair } from '../features/lab-samples.ts';
import { sign } from '../features/signing.ts';
import type { Method } from '../methods/method.ts';
import { mean } from '../metrics/mean.ts';
import type { RetrainingResult } from '../results.ts';
import { removalSizes } from '../retrain/choices.ts';
import { retrainings, type Retrained } from '../retrain/retrainings.ts';
import { behaviourRate } from './answers.ts';
import type { KnownSource, RunContext } from './context.ts';
import type { Prepared } from './prepare.ts';
import type { TimedFeatures } from './score-steps.ts';
import { trainStep, type TrainingInput } from './train-step.ts';
import { jsonStep } from './work-folder.ts';

/** Each takes a training, so not all: the product's method, and words for what they alone would find. */
const REMOVING: readonly string[] = ['taught', 'bm25-both'];
/** Clean rows that the loss is taken on, at most. */
const HELD_OUT = 64;
const VERSION = 1;

export interface RetrainInput {
  readonly prepared: Prepared;
  /** Of the model that was traced. */
  readonly training: TrainingInput;
  readonly methods: readonly Method[];
  readonly features: () => Promise<TimedFeatures>;
}

/** As many rows as are poisoned are removed. Throws EVALUATION_EMPTY where no clean row is left to take a loss on. */
export async function retrainingResults(
  context: RunContext,
  { prepared, training, methods, features }: RetrainInput,
): Promise<RetrainingResult[]> {
  const { set, recipe } = prepared;
  const held = heldOut(prepared);
  const removing = methods.filter(({ name }) => REMOVING.includes(name));
  const { features: found } = await features();
  const { seed } = training;
  return retrainings({
    set,
    scores: new Map(removing.map((method) => [method.name, method.scores(found)])),
    k: removalSizes(set).slice(0, 1),
    seed: recipe.seed,
    onProgress: ({ training: at, of, removedBy }) => {
      context.show(`retraining ${at}/${of}: without what ${removedBy} removes`);
    },
    trainOn: async (rows): Promise<Retrained> => {
      const input = { ...training, rows: rows.map((row) => set.rows[row]) };
      const title = `retraining on ${rows.length} rows, seed ${seed}`;
      // By the first training's name: nothing removed is that very model.
      const { value, key } = await trainStep(context, `seed-${seed}/training`, title, input);
      const model = { source: value.source, digest: key };
      const answers = `answers after retraining, seed ${seed}`;
      return {
        rate: await behaviourRate(context, `seed-${seed}/answers`, answers, model, prepared),
        cleanLoss: await cleanLoss(context, seed, model, held),
      };
    },
  });
}

/** The first clean rows of the data whose question is no row's. */
function heldOut({ clean, set }: Prepared): TextPair[] {
  const known = new Set(set.rows.map(({ prompt }) => prompt));
  const held = clean.filter(({ prompt }) => !known.has(prompt)).slice(0, HELD_OUT);
  if (held.length > 0) return held;
  throw new ReptraceError(
    'EVALUATION_EMPTY',
    'all clean rows are in the set: none is left to take a held-out loss on',
    'Give the recipe clean data with more rows than it trains on.',
  );
}

async function cleanLoss(
  { gpu, work, signal }: RunContext,
  seed: number,
  { source, digest }: KnownSource,
  held: readonly TextPair[],
): Promise<number> {
  const { value } = await work.step(
    jsonStep({
      ...{ name: `seed-${seed}/clean-loss`, title: `clean loss after retraining, seed ${seed}` },
      version: VERSION,
      inputs: { model: digest, held },
      value: async () => {
        const model = await loadModel(gpu, source);
        try {
          const losses: number[] = [];
          const samples = labSamples(source, 'held-out row', held);
          await sign(model, samples, { layers: [] }, ({ loss }) => losses.push(loss), { signal });
          return mean(losses);
        } finally {
          model.close();
        }
      },
    }),
  );
  return value;
}
