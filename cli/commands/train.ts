/**
 * `reptrace train`: trains a model from scratch, or fine-tunes one in full, into a Hugging Face folder; or trains a LoRA adapter
 * beside one, into a PEFT folder.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import { localModel } from '../../lib/hub/cached.ts';
import { ggufWeights, gpuMemory } from '../../lib/mesh/settings.ts';
import type { DType } from '../../services/compute/engine/model/dtype.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import type { ModelSource } from '../../services/compute/engine/model/model-source.ts';
import { openModelText, type ModelText } from '../../services/compute/engine/model/model-text.ts';
import { ggufOf, openModel } from '../../services/compute/engine/model/open-model.ts';
import {
  fromModel,
  fromSeed,
  type InitialValues,
} from '../../services/compute/engine/training/initial-weights.ts';
import {
  adaptedModules,
  baseOf,
  type LoraTrainingSettings,
} from '../../services/compute/engine/training/lora/settings.ts';
import {
  runTraining,
  type TrainingResult,
  type TrainingSettings,
} from '../../services/compute/engine/training/run.ts';
import type { ScheduleKind } from '../../services/compute/engine/training/schedule.ts';
import { PASS_TOKENS } from '../../services/compute/engine/training/trainer.ts';
import { readTrainingData } from '../../services/compute/engine/training/training-data.ts';
import { realNumber, wholeNumber } from '../options.ts';
import { duration, Progress, trainingLine } from '../progress.ts';
import { interruption, withGpu } from '../resources.ts';
import { StrictCommand } from '../strict-command.ts';
import { counted } from '../terminal/counted.ts';
import { addLoraOptions, loraOf, type LoraOptions } from './train-lora.ts';

interface Options extends LoraOptions {
  readonly init: string;
  readonly data: string;
  readonly out: string;
  readonly epochs: number;
  readonly lr: number;
  readonly batch: number;
  readonly seed: number;
  readonly schedule: ScheduleKind;
  readonly warmup: number;
  readonly finalShare: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly maxTokens?: number;
  readonly dtype: 'f32' | 'f16' | 'bf16';
  readonly checkpointEvery: number;
  readonly keepAt?: readonly number[];
  readonly passTokens: number;
  readonly resume?: true;
  readonly json?: true;
}

export function trainCommand(): Command {
  const command = new StrictCommand('train')
    .description(
      'Train a model from scratch (--init config.json), fine-tune one in full (--init folder), or train an adapter (--lora)',
    )
    .requiredOption(
      '--init <dir|config.json>',
      'model folder, or a config.json with tokenizer files beside it; with --lora a GGUF file, too',
    )
    .requiredOption('--data <file.jsonl>', 'rows {"text"} or {"prompt","response"}')
    .requiredOption('--out <dir>', 'where the folder of the trained model or adapter goes')
    .requiredOption('--epochs <n>', 'passes over the data', wholeNumber(1))
    .requiredOption('--lr <x>', 'peak learning rate', realNumber(0))
    .requiredOption('--batch <n>', 'rows of one optimizer step', wholeNumber(1))
    .requiredOption('--seed <n>', 'of the shuffling, of fresh weights and of dropout', wholeNumber(0))
    .addOption(
      new Option('--schedule <kind>', 'learning rate after the warm-up')
        .choices(['constant', 'linear', 'cosine'])
        .default('cosine'),
    )
    .option('--warmup <steps>', 'steps of linear warm-up', wholeNumber(0), 0)
    .option('--final-share <x>', 'share of the learning rate that is left at the end', realNumber(0), 0)
    .option('--weight-decay <x>', 'decoupled decay of matrices', realNumber(0), 0.1)
    .option('--clip <x>', 'largest global norm of the gradient', realNumber(0), 1)
    .option('--max-tokens <n>', 'longer rows lose their tail (default: the model’s context)', wholeNumber(2))
    .addOption(
      new Option('--dtype <type>', 'stored precision').choices(['f32', 'f16', 'bf16']).default('f32'),
    )
    .option(
      '--pass-tokens <n>',
      'tokens of one pass; larger batches accumulate gradients',
      wholeNumber(1),
      PASS_TOKENS,
    )
    .option('--checkpoint-every <steps>', '0 for never', wholeNumber(0), 100)
    .option(
      '--keep-at <steps>',
      'steps after which the checkpoint stays, in kept/, such as 100,200',
      stepList,
    )
    .option('--resume', 'go on from the last checkpoint in --out')
    .option('--json', 'print the result as one JSON object');
  return addLoraOptions(command).action(run);
}

function stepList(text: string): readonly number[] {
  const steps = text.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : NaN));
  if (steps.every(Number.isSafeInteger)) return steps;
  throw new InvalidArgumentError('expected numbers of steps with commas between them');
}

async function run(options: Options): Promise<void> {
  const { init, out, keepAt = [], json, resume = false } = options;
  const lora = loraOf(options);
  await prepareOut(out, resume);
  const start = await openStart(await localModel(init), options.seed, lora);
  refuseGpuMemory();
  const data = await readTrainingData(options.data, start.text, options.maxTokens);
  const settings = settingsOf(options);
  const progress = new Progress();
  const result = await withGpu((gpu) =>
    runTraining(gpu, {
      ...{ config: start.text.config, rawConfig: start.rawConfig, textFolder: start.text.path },
      ...{ initial: start.initial, initialIdentity: start.identity, data, out, settings, resume, keepAt },
      ...(lora === undefined ? {} : { lora, baseName: init }),
      signal: interruption(),
      onProgress: (step) => {
        progress.show(trainingLine(step));
      },
    }),
  );
  progress.done(endOf(result, lora === undefined ? 'the model is' : `the adapter for ${init} is`));
  if (json === true) process.stdout.write(`${JSON.stringify(result)}\n`);
}

function endOf({ steps, seconds, finalLoss, out, alreadyFinished }: TrainingResult, what: string): string {
  const taken = counted(steps, 'step');
  return alreadyFinished
    ? `this run is finished: ${taken}, last loss ${finalLoss.toFixed(4)}; ${what} in ${out}, where nothing was changed`
    : `trained ${taken} in ${duration(seconds)}; ${what} in ${out}`;
}

/** A step goes through all weights twice, and changes them or an adapter's: blocks cannot be loaded in turn. */
function refuseGpuMemory(): void {
  if (gpuMemory(process.env) === undefined) return;
  throw new ReptraceError(
    'CONFIG_UNSUPPORTED',
    'training within a bound of GPU memory is not implemented: all weights are on the GPU, and what is trained has gradients and moments',
    'Unset REPTRACE_GPU_MEMORY for `reptrace train`.',
  );
}

function settingsOf(options: Options): TrainingSettings {
  const {
    epochs,
    batch,
    lr,
    schedule,
    warmup,
    finalShare,
    weightDecay,
    clip,
    seed,
    checkpointEvery,
    passTokens,
    dtype,
  } = options;
  return {
    ...{
      epochs,
      batch,
      learningRate: lr,
      schedule,
      warmupSteps: warmup,
      finalShare,
      seed,
      checkpointEvery,
      passTokens,
    },
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay, clipNorm: clip },
    dtype: dtype.toUpperCase() as DType,
  };
}

/** A run without --resume must not write over anything. */
async function prepareOut(out: string, resume: boolean): Promise<void> {
  await mkdir(out, { recursive: true });
  if (resume || (await readdir(out)).length === 0) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    `the output folder ${out} is not empty`,
    'Name another folder, empty this one, or add --resume to go on with the run that began there.',
  );
}

interface Start {
  readonly text: ModelText;
  readonly rawConfig: Readonly<Record<string, unknown>>;
  readonly initial: InitialValues;
  readonly identity: string;
}

/** A folder starts from its weights; a config.json from fresh ones; an adapter beside a model, whatever its format. */
async function openStart(init: string, seed: number, lora?: LoraTrainingSettings): Promise<Start> {
  if (lora !== undefined && !init.endsWith('.json')) return openBase(init, lora);
  const start = await openWhole(init, seed);
  if (lora !== undefined) baseOf(start.initial);
  return start;
}

async function openBase(init: string, lora: LoraTrainingSettings): Promise<Start> {
  const quantized = ggufWeights(process.env) === 'quantized' ? 'keep' : 'widen';
  const model = await openModel(init, { quantized });
  // What is wrong with the adapter is told before a digest is made of the model.
  adaptedModules(model.config, lora);
  return startFrom(model, {});
}

async function startFrom(model: ModelSource, rawConfig: Readonly<Record<string, unknown>>): Promise<Start> {
  return { text: model, rawConfig, initial: fromModel(model), identity: `model ${await model.digest()}` };
}

async function openWhole(init: string, seed: number): Promise<Start> {
  if (init.endsWith('.json')) {
    if (basename(init) !== 'config.json') {
      const remedy = 'Put it into a folder of its own as config.json, with tokenizer.json beside it.';
      throw new ReptraceError('INPUT_INVALID', `the configuration ${init} is not named config.json`, remedy);
    }
    const text = await openModelText(dirname(init));
    const identity = `fresh weights, seed ${seed}`;
    return { text, rawConfig: await readConfig(init), initial: fromSeed(text.config, seed), identity };
  }
  await refuseGguf(init);
  return startFrom(await openModelFolder(init), await readConfig(join(init, 'config.json')));
}

/** Quantised weights are what training would have to begin from; and what it writes is not GGUF. */
async function refuseGguf(init: string): Promise<void> {
  if ((await ggufOf(init)) === undefined) return;
  throw new ReptraceError(
    'NOT_YET',
    `${init} is a GGUF model, which cannot be fine-tuned in full`,
    'Train an adapter beside it with --lora, or name the folder of the model that it was converted from, with safetensors.',
  );
}

async function readConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new ReptraceError(
      'CONFIG_INVALID',
      `${path} cannot be read: ${reasonOf(error)}`,
      'Name a config.json.',
      {
        cause: error,
      },
    );
  }
}
