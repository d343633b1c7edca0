/**
 * Fine-tuning as a step: rows in, a model folder or an adapter out, with a few checkpoints kept for the methods that look at
 * gradients. A killed run goes on from its last checkpoint.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { adaptedModel } from '../../services/compute/engine/model/lora/adapted-model.ts';
import { openAdapter } from '../../services/compute/engine/model/lora/adapter-folder.ts';
import type { ModelSource } from '../../services/compute/engine/model/model-source.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { fromModel } from '../../services/compute/engine/training/initial-weights.ts';
import { runTraining, type TrainingSettings } from '../../services/compute/engine/training/run.ts';
import { DEFAULT_OPTIMIZER, PASS_TOKENS, Trainer } from '../../services/compute/engine/training/trainer.ts';
import { readTrainingData } from '../../services/compute/engine/training/training-data.ts';
import type { TextPair } from '../features/lab-samples.ts';
import type { SeedResult } from '../results.ts';
import type { RecipeTraining } from '../sets/recipe.ts';
import type { KnownSource, RunContext } from './context.ts';
import type { Done } from './work-folder.ts';

export interface Trained {
  readonly source: ModelSource;
  readonly outcome: SeedResult['training'];
  /** Where checkpoints are kept. */
  readonly folder: string;
}

export interface TrainingInput {
  readonly base: KnownSource;
  readonly rows: readonly TextPair[];
  readonly training: RecipeTraining;
  readonly seed: number;
  /** How many are kept, evenly spaced, the last step among them: those that TracIn and LESS sum over. */
  readonly checkpoints: number;
}

/** Of the learning rate, at the last step. */
const FINAL_SHARE = 0.05;
const CHECKPOINT_EVERY = 25;

const MODEL = 'model';
const OUTCOME = 'outcome.json';

/** @param name folders below the work folder @param title for progress */
export async function trainStep(
  { gpu, work, code, signal, show }: RunContext,
  name: string,
  title: string,
  { base, rows, training, seed, checkpoints }: TrainingInput,
): Promise<Done<Trained>> {
  const texts = rows.map(({ prompt, response }) => ({ prompt, response }));
  const settings = settingsOf(training, texts.length, seed);
  const { lora } = training;
  return work.step({
    ...{ name, title, code: code.models, resumes: true },
    inputs: { base: base.digest, rows: texts, settings, lora, kept: checkpoints },
    make: async (folder) => {
      const path = join(folder, 'rows.jsonl');
      await writeFile(path, texts.map((row) => `${JSON.stringify(row)}\n`).join(''));
      const data = await readTrainingData(path, base.source);
      const out = join(folder, MODEL);
      await mkdir(out, { recursive: true });
      const result = await runTraining(gpu, {
        ...{
          config: base.source.config,
          rawConfig: await readConfig(base.source),
          textFolder: base.source.path,
        },
        ...{ initial: fromModel(base.source), initialIdentity: `model ${base.digest}` },
        ...{
          data,
          out,
          settings,
          resume: true,
          keepAt: keptSteps(stepsOf(training, texts.length), checkpoints),
        },
        ...(lora === null ? {} : { lora }),
        ...(signal === undefined ? {} : { signal }),
        onProgress: ({ step, totalSteps, loss }) => {
          show(`${title}: step ${step}/${totalSteps}, loss ${loss.toFixed(3)}`);
        },
      });
      const outcome: SeedResult['training'] = {
        steps: result.steps,
        firstLoss: await firstLoss(out),
        finalLoss: result.finalLoss,
        seconds: result.seconds,
      };
      await writeFile(join(folder, OUTCOME), JSON.stringify(outcome));
    },
    read: async (folder) => {
      const out = join(folder, MODEL);
      const source = lora === null ? await openModel(out) : adaptedModel(base.source, await openAdapter(out));
      const outcome = JSON.parse(await readFile(join(folder, OUTCOME), 'utf8')) as SeedResult['training'];
      return { source, outcome, folder: out };
    },
  });
}

/** The same training on some of the rows, of which no gradients are asked for; on all of them that very one, which is not done again. */
export function trainingOn(training: TrainingInput, rows: readonly TextPair[]): TrainingInput {
  return rows.length === training.rows.length ? training : { ...training, rows, checkpoints: 0 };
}

/** A trainer like the one that the model was trained with, from the base's weights. The caller closes it. */
export function openTrainer(gpu: Gpu, { base, rows, training, seed }: TrainingInput): Promise<Trainer> {
  const { optimizer, passTokens } = settingsOf(training, rows.length, seed);
  const { lora } = training;
  return Trainer.create(gpu, base.source.config, fromModel(base.source), {
    ...{ optimizer, passTokens, seed },
    ...(lora === null ? {} : { lora }),
  });
}

function stepsOf({ batch, epochs }: RecipeTraining, rows: number): number {
  return Math.ceil(rows / batch) * epochs;
}

function keptSteps(steps: number, count: number): number[] {
  return [...new Set(Array.from({ length: count }, (_, i) => Math.ceil(((i + 1) * steps) / count)))];
}

function settingsOf(training: RecipeTraining, rows: number, seed: number): TrainingSettings {
  const { epochs, batch, learningRate, warmupShare, weightDecay } = training;
  return {
    ...{ epochs, batch, learningRate, seed },
    schedule: 'cosine',
    warmupSteps: Math.round(stepsOf(training, rows) * warmupShare),
    finalShare: FINAL_SHARE,
    optimizer: { ...DEFAULT_OPTIMIZER, weightDecay },
    checkpointEvery: CHECKPOINT_EVERY,
    passTokens: PASS_TOKENS,
    dtype: 'F32',
  };
}

async function firstLoss(out: string): Promise<number> {
  const [line] = (await readFile(join(out, 'losses.jsonl'), 'utf8')).split('\n');
  return (JSON.parse(line) as { readonly loss: number }).loss;
}

async function readConfig({ path }: ModelSource): Promise<Readonly<Record<string, unknown>>> {
  try {
    return JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new ReptraceError(
      'CONFIG_INVALID',
      `the base model ${path} cannot be fine-tuned: ${reasonOf(error)}`,
      'Name the folder of a model with safetensors.',
      { cause: error },
    );
  }
}
