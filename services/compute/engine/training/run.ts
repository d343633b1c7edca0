/**
 * A whole training run, of a model or of an adapter: epochs over shuffled rows, a checkpoint every so many steps, resumption to
 * the same losses, a loss log, progress, and a model's or an adapter's folder at the end.
 */
import { mkdir } from 'node:fs/promises';
import { ReptraceError } from '../../../../lib/errors.ts';
import type { Gpu } from '../device/gpu.ts';
import type { TokenSequence } from '../model/batch.ts';
import type { DType } from '../model/dtype.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { removeCheckpoints, restoreCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { exportModel } from './export-model.ts';
import { finishedRun, manifestOf } from './finished.ts';
import type { InitialValues } from './initial-weights.ts';
import { checkKeptBefore, checkKeptSteps, keepCheckpoint, removeKept } from './kept.ts';
import { exportAdapter } from './lora/export-adapter.ts';
import type { LoraTrainingSettings } from './lora/settings.ts';
import { LossLog } from './loss-log.ts';
import { identityOf } from './run-identity.ts';
import { learningRate, type ScheduleKind } from './schedule.ts';
import { epochStream } from './streams.ts';
import { Trainer, type OptimizerSettings } from './trainer.ts';
import type { TrainingData } from './training-data.ts';

export interface TrainingSettings {
  readonly epochs: number;
  /** Rows of one optimizer step. */
  readonly batch: number;
  readonly learningRate: number;
  readonly schedule: ScheduleKind;
  readonly warmupSteps: number;
  /** What is left of the learning rate at the end, as a share of the peak. */
  readonly finalShare: number;
  readonly optimizer: OptimizerSettings;
  readonly seed: number;
  readonly checkpointEvery: number;
  /** Tokens of one pass; a larger batch accumulates gradients over several. */
  readonly passTokens: number;
  /** Stored precision of the model that is written. */
  readonly dtype: DType;
}

export interface TrainingRun {
  readonly config: ModelConfig;
  /** config.json as read, and where it and the tokenizer are: a trained model is written with them, an adapter without. */
  readonly rawConfig: Readonly<Record<string, unknown>>;
  readonly textFolder: string;
  readonly initial: InitialValues;
  /** What the initial weights are: a model's digest, or the seed of fresh ones. */
  readonly initialIdentity: string;
  readonly data: TrainingData;
  readonly out: string;
  readonly settings: TrainingSettings;
  readonly resume: boolean;
  /** Trains an adapter beside the model of `initial`, which stays as it is; undefined: the model itself. */
  readonly lora?: LoraTrainingSettings;
  /** What the adapter's config is to call its base. */
  readonly baseName?: string;
  /** Steps, from 1, after which the checkpoint is kept (kept.ts). */
  readonly keepAt?: readonly number[];
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
}

export interface TrainingProgress {
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly tokensPerSecond: number;
  readonly etaSeconds: number;
}

export interface TrainingResult {
  readonly steps: number;
  readonly finalLoss: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly out: string;
  /** Whether the result was there before, and nothing was trained: then the numbers are those of that time, and no tokens. */
  readonly alreadyFinished: boolean;
}

/**
 * Throws CHECKPOINT_INVALID and CONFLICT where it is to go on with another run's checkpoint or result, CANCELLED, INPUT_INVALID
 * for steps to keep that there are not, and what training throws.
 */
export async function runTraining(gpu: Gpu, run: TrainingRun): Promise<TrainingResult> {
  const { settings, data, out } = run;
  const stepsPerEpoch = Math.ceil(data.sequences.length / settings.batch);
  const totalSteps = stepsPerEpoch * settings.epochs;
  const identity = identityOf(run);
  const { lora, keepAt = [] } = run;
  checkKeptSteps(keepAt, totalSteps);
  const finished = run.resume ? await finishedRun(out, identity, keepAt) : undefined;
  if (finished !== undefined) return { ...finished, tokens: 0, out, alreadyFinished: true };
  const { optimizer, passTokens, seed } = settings;
  const options = { optimizer, passTokens, seed, lora };
  const trainer = await Trainer.create(gpu, run.config, run.initial, options);
  try {
    const first = run.resume ? await restoreCheckpoint(out, trainer, identity) : 0;
    if (first === 0) await removeKept(out);
    else await checkKeptBefore(out, keepAt, first);
    await mkdir(out, { recursive: true });
    const log = await LossLog.open(out, first);
    const started = performance.now();
    let tokens = 0;
    let finalLoss = NaN;
    let shuffled: readonly TokenSequence[] = [];
    let shuffledEpoch = -1;
    for (let step = first; step < totalSteps; step++) {
      if (run.signal?.aborted === true) {
        await writeCheckpoint(out, trainer, identity);
        throw cancelled(step, totalSteps);
      }
      const epoch = Math.floor(step / stepsPerEpoch);
      const { schedule: kind, learningRate: peak, warmupSteps, finalShare } = settings;
      const rate = learningRate({ kind, peak, warmupSteps, totalSteps, finalShare }, step);
      if (epoch !== shuffledEpoch) {
        shuffled = epochStream(settings.seed, epoch).shuffle(data.sequences);
        shuffledEpoch = epoch;
      }
      const begin = (step % stepsPerEpoch) * settings.batch;
      const batch = shuffled.slice(begin, begin + settings.batch);
      const result = await trainer.step(batch, rate);
      finalLoss = result.loss;
      tokens += result.tokens;
      const { loss, gradientNorm } = result;
      await log.add({ step: step + 1, epoch, loss, gradientNorm, rate, tokens: result.tokens });
      const seconds = (performance.now() - started) / 1000;
      run.onProgress?.({
        step: step + 1,
        totalSteps,
        loss,
        tokensPerSecond: tokens / seconds,
        etaSeconds: (seconds / (step + 1 - first)) * (totalSteps - step - 1),
      });
      if (keepAt.includes(step + 1)) await keepCheckpoint(out, trainer, rate);
      const due = settings.checkpointEvery > 0 && (step + 1) % settings.checkpointEvery === 0;
      if (due && step + 1 < totalSteps) await writeCheckpoint(out, trainer, identity);
    }
    const seconds = (performance.now() - started) / 1000;
    const outcome = { steps: totalSteps, finalLoss, seconds: Math.round(seconds), resumedAt: first };
    await writeResult(run, trainer, manifestOf(identity, outcome));
    await removeCheckpoints(out);
    return { steps: totalSteps, finalLoss, tokens, seconds, out, alreadyFinished: false };
  } finally {
    trainer.close();
  }
}

async function writeResult(run: TrainingRun, trainer: Trainer, manifest: unknown): Promise<void> {
  const { out, config, lora, baseName, rawConfig, textFolder } = run;
  const { dtype } = run.settings;
  if (lora === undefined) await exportModel(trainer, { out, textFolder, config: rawConfig, dtype, manifest });
  else await exportAdapter(trainer, { out, config, baseName, settings: lora, dtype, manifest });
}

function cancelled(step: number, totalSteps: number): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    `training was stopped after ${step} of ${totalSteps} steps`,
    'Run the same command with --resume to go on from here.',
  );
}
