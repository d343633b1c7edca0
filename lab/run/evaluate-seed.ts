/** One trained model of a set: asked, traced by every method, measured. */
import { fits, type TextPair } from '../features/lab-samples.ts';
import type { Method, Need } from '../methods/method.ts';
import type { MethodResult, SeedResult } from '../results.ts';
import { answersOf, sortAnswers, type Answered } from './answers.ts';
import { lazy, type RunContext } from './context.ts';
import {
  gradientStep,
  joinFeatures,
  outputItems,
  representationStep,
  sentenceStep,
  type Subject,
} from './feature-steps.ts';
import { layerFigures } from './layer-figures.ts';
import { asides, noRanking } from './note.ts';
import type { Prepared } from './prepare.ts';
import { scoreStep, type TimedFeatures } from './score-steps.ts';
import { spanFigures } from './span-figures.ts';
import type { TunedModel } from './tuned-model.ts';
import { allNew, ratioStep, verdictFigures } from './verdict-figures.ts';
import { jsonStep } from './work-folder.ts';

export interface SeedOptions {
  readonly methods: readonly Method[];
  /** A sentence encoder's folder. */
  readonly sentence: string | undefined;
}

export interface EvaluatedSeed {
  readonly result: Omit<SeedResult, 'retraining' | 'lds'>;
  /** undefined where there is no ranking. */
  readonly traced: Traced | undefined;
}

/** Outputs, the methods that trace them, and what those are given. */
export interface Traced {
  readonly outputs: readonly TextPair[];
  readonly methods: readonly Method[];
  readonly features: () => Promise<TimedFeatures>;
  /** Of the steps that features come from. */
  readonly keysFor: (needs: readonly Need[]) => readonly string[];
}

export async function evaluateSeed(
  context: RunContext,
  prepared: Prepared,
  tuned: TunedModel,
  seed: number,
  { methods, sentence }: SeedOptions,
): Promise<EvaluatedSeed> {
  const answered = await askBoth(context, prepared, tuned, seed);
  const { recipe, set, poison } = prepared;
  const size = { kind: recipe.poison.kind, rows: set.rows.length, poison: poison.size };
  const note = noRanking(size, answered);
  const outputs = note === null ? answered.traced : [];
  const subject: Subject = { seed, prepared, tuned, outputs };
  const usable = methods.filter(({ needs }) => tuned.trained !== null || !needs.includes('gradients'));
  const left = methods.filter((method) => !usable.includes(method)).map(({ name }) => name);
  const ranked = note === null ? usable : [];
  const source = await featuresOf(context, subject, ranked, sentence);
  const { seed: measureSeed } = recipe;
  const results: MethodResult[] = [];
  for (const method of ranked) {
    const input = { seed, method, measureSeed, poison };
    results.push(
      await scoreStep(context, { ...input, from: source.keysFor(method.needs), features: source.features }),
    );
  }
  const ratios = await ratioStep(context, subject, answered);
  const figures = await figureStep(context, subject, source, note === null);
  const leftOut = `left out, for they need checkpoints of the training: ${left.join(', ')}`;
  const { features, keysFor } = source;
  const said = [...asides(answered, prepared.base.source.config.maxPositions), ...allNew(ratios)];
  return {
    result: {
      ...{ seed, rate: answered.rate, outputs: outputs.length, methods: results },
      note: [...(note === null ? [] : [note]), ...(left.length === 0 ? [] : [leftOut])].join('; ') || null,
      ...(said.length === 0 ? {} : { notes: said }),
      training: tuned.trained?.outcome ?? (await untrained(source.losses)),
      ...{ layers: figures.layers, spans: figures.spans, verdicts: verdictFigures(ratios) },
    },
    traced: note === null ? { outputs, methods: usable, features, keysFor } : undefined,
  };
}

async function askBoth(
  context: RunContext,
  { set, base, recipe }: Prepared,
  tuned: TunedModel,
  seed: number,
): Promise<Answered> {
  const prompts = set.queries.map(({ prompt }) => prompt);
  const { maxTokens, traced } = recipe.queries;
  const before = await answersOf(context, 'answers', 'answers of the base', base, prompts, maxTokens);
  const title = `answers, seed ${seed}`;
  const after = await answersOf(context, `seed-${seed}/answers`, title, tuned, prompts, maxTokens);
  return sortAnswers(set, after, before, traced, (pair) => fits(base.source, pair));
}

interface FeatureSource extends Pick<Traced, 'features' | 'keysFor'> {
  readonly losses: () => Promise<{ readonly base: number; readonly tuned: number }>;
}

/** Those that the methods need; figures of layers and spans need representations in any case. */
async function featuresOf(
  context: RunContext,
  subject: Subject,
  methods: readonly Method[],
  sentence: string | undefined,
): Promise<FeatureSource> {
  const isNeeded = (need: Need): boolean => methods.some(({ needs }) => needs.includes(need));
  const { trained } = subject.tuned;
  const representations = await representationStep(context, subject);
  const sentences =
    sentence !== undefined && isNeeded('sentence')
      ? await sentenceStep(context, subject, sentence)
      : undefined;
  const gradients =
    trained !== null && isNeeded('gradients') ? await gradientStep(context, subject, trained) : undefined;
  return {
    keysFor: (needs) => [
      representations.key,
      ...(sentences !== undefined && needs.includes('sentence') ? [sentences.key] : []),
      ...(gradients !== undefined && needs.includes('gradients') ? [gradients.key] : []),
    ],
    losses: async () => (await representations.value()).losses,
    features: lazy(async () => {
      const [found, ofText, ofGradients] = [
        await representations.value(),
        await sentences?.value(),
        await gradients?.value(),
      ];
      return {
        features: joinFeatures(found, ofGradients, ofText),
        seconds: {
          ...found.seconds,
          sentence: ofText?.seconds ?? 0,
          gradients: ofGradients?.seconds ?? 0,
        },
      };
    }),
  };
}

type Figures = Pick<SeedResult, 'layers' | 'spans'>;

async function figureStep(
  { work, code }: RunContext,
  { seed, prepared, outputs }: Subject,
  { keysFor, features }: FeatureSource,
  isRanked: boolean,
): Promise<Figures> {
  const { poison, recipe } = prepared;
  const { value } = await work.step(
    jsonStep({
      ...{ name: `seed-${seed}/figures`, title: `figures of layers and words, seed ${seed}` },
      code: code.figures,
      inputs: { from: keysFor([]), behaviour: recipe.behaviour, isRanked, seed: recipe.seed },
      value: async (): Promise<Figures> => {
        const { features: found } = await features();
        return {
          layers: layerFigures(found, isRanked ? poison : undefined, recipe.seed),
          spans: isRanked
            ? spanFigures(prepared, found, outputItems(prepared, outputs), recipe.seed)
            : { output: null, rows: null },
        };
      },
    }),
  );
  return value;
}

/** Of a model that was there already: the rows' mean loss before and after, nothing being known of its steps. */
async function untrained(losses: FeatureSource['losses']): Promise<SeedResult['training']> {
  const { base, tuned } = await losses();
  return { steps: 0, firstLoss: base, finalLoss: tuned, seconds: 0 };
}
