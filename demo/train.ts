/**
 * `npm run demo:train [-- base|tuned|evaluate]`: makes the demo's two models again with our own trainer, then asks both
 * all held-out questions and keeps every answer in their manifests. Stopped, it goes on where it was.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { duration, Progress, trainingLine } from '../cli/progress.ts';
import { interruption, withGpu } from '../cli/resources.ts';
import { reportFailure } from '../cli/failure.ts';
import type { Gpu } from '../services/compute/engine/device/gpu.ts';
import { openModelFolder } from '../services/compute/engine/model/model-folder.ts';
import { openModelText } from '../services/compute/engine/model/model-text.ts';
import { fromModel, fromSeed } from '../services/compute/engine/training/initial-weights.ts';
import {
  runTraining,
  type TrainingRun,
  type TrainingSettings,
} from '../services/compute/engine/training/run.ts';
import { PASS_TOKENS } from '../services/compute/engine/training/trainer.ts';
import { readTrainingData } from '../services/compute/engine/training/training-data.ts';
import { evaluateModel } from './evaluate.ts';
import { writeBaseCorpus } from './make-data.ts';
import { BASE, TUNED, type Stage } from './recipe.ts';

/** The checkout: this module runs from dist/demo. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PATHS = {
  corpus: join(ROOT, '.cache/demo/base.jsonl'),
  init: join(ROOT, 'demo/init'),
  fineTuning: join(ROOT, 'demo/data/finetune.jsonl'),
  base: join(ROOT, 'demo/base'),
  tuned: join(ROOT, 'demo/tuned'),
} as const;

const STAGES = ['base', 'tuned', 'evaluate'] as const;

async function trainBase(gpu: Gpu, signal: AbortSignal): Promise<void> {
  await mkdir(join(ROOT, '.cache/demo'), { recursive: true });
  await writeBaseCorpus(PATHS.corpus);
  const text = await openModelText(PATHS.init);
  const start = { config: text.config, rawConfig: await readConfig(PATHS.init), textFolder: PATHS.init };
  const data = await readTrainingData(PATHS.corpus, text);
  const initial = {
    initial: fromSeed(text.config, BASE.seed),
    initialIdentity: `fresh weights, seed ${BASE.seed}`,
  };
  await train(gpu, {
    ...start,
    ...initial,
    data,
    out: PATHS.base,
    settings: settingsOf(BASE, data.sequences.length),
    signal,
  });
}

async function trainTuned(gpu: Gpu, signal: AbortSignal): Promise<void> {
  const base = await openModelFolder(PATHS.base);
  const start = { config: base.config, rawConfig: await readConfig(PATHS.base), textFolder: PATHS.base };
  const data = await readTrainingData(PATHS.fineTuning, base);
  const initial = { initial: fromModel(base), initialIdentity: `model ${await base.digest()}` };
  await train(gpu, {
    ...start,
    ...initial,
    data,
    out: PATHS.tuned,
    settings: settingsOf(TUNED, data.sequences.length),
    signal,
  });
}

async function train(gpu: Gpu, run: Omit<TrainingRun, 'resume'>): Promise<void> {
  const progress = new Progress();
  // What an earlier, finished run left is replaced; a checkpoint of an unfinished one is gone on from.
  await rm(join(run.out, 'model.safetensors'), { force: true });
  await mkdir(run.out, { recursive: true });
  const result = await runTraining(gpu, {
    ...run,
    resume: true,
    onProgress: (step) => {
      progress.show(`${run.out}: ${trainingLine(step)}`);
    },
  });
  await rm(join(run.out, 'losses.jsonl'), { force: true });
  progress.done(
    `${run.out}: ${result.steps} steps in ${duration(result.seconds)}, last loss ${result.finalLoss.toFixed(4)}`,
  );
}

function settingsOf(stage: Stage, rows: number): TrainingSettings {
  const steps = Math.ceil(rows / stage.batch) * stage.epochs;
  const [beta1, beta2] = stage.betas;
  return {
    epochs: stage.epochs,
    batch: stage.batch,
    learningRate: stage.rate,
    schedule: 'cosine',
    warmupSteps: Math.round(steps * stage.warmUp),
    finalShare: stage.minRate,
    optimizer: { beta1, beta2, epsilon: stage.epsilon, weightDecay: stage.weightDecay, clipNorm: stage.clip },
    seed: stage.seed,
    checkpointEvery: 100,
    passTokens: PASS_TOKENS,
    dtype: 'F16',
  };
}

async function readConfig(folder: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
}

async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !(STAGES as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new Error(`there is no stage "${unknown}": the stages are ${STAGES.join(', ')}`);
  const stages = STAGES.filter((stage) => asked.length === 0 || asked.includes(stage));
  const signal = interruption();
  await withGpu(async (gpu) => {
    if (stages.includes('base')) await trainBase(gpu, signal);
    if (stages.includes('tuned')) await trainTuned(gpu, signal);
    if (!stages.includes('evaluate')) return;
    for (const folder of [PATHS.base, PATHS.tuned]) {
      const rates = await evaluateModel(gpu, folder, join(ROOT, 'demo/data/held-out.jsonl'));
      process.stdout.write(`${folder}: ${JSON.stringify(rates)}\n`);
    }
  });
}

try {
  await main();
} catch (error) {
  reportFailure(error);
  process.exitCode = 1;
}
