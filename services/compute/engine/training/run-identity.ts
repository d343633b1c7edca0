/**
 * What a run is: everything that its losses, and what it writes, depend on. Kept with checkpoints and with the result, so that
 * --resume goes on with the same run only, and says by name what another one has otherwise.
 */
import { createHash } from 'node:crypto';
import { isQuantType } from '../model/gguf/gguf-types.ts';
import type { ModelConfig } from '../model/model-config.ts';
import type { InitialValues } from './initial-weights.ts';
import type { LoraTrainingSettings } from './lora/settings.ts';
import type { TrainingSettings } from './run.ts';
import type { TrainingData } from './training-data.ts';

/** JSON, with null for what there is not. */
export interface RunIdentity {
  /** Of the weights that it begins with. */
  readonly initial: string;
  /** SHA-256 of the model's configuration as it was read. */
  readonly configDigest: string;
  /** Of an adapter: whether its base has quantised matrices on the GPU. They give other last bits than the same ones widened. */
  readonly baseWeights: 'quantized' | 'floats' | null;
  readonly data: { readonly rows: number; readonly digest: string; readonly truncated: number };
  readonly settings: TrainingSettings;
  readonly lora: LoraTrainingSettings | null;
}

export interface RunParts {
  readonly config: ModelConfig;
  readonly initial: InitialValues;
  readonly initialIdentity: string;
  readonly data: TrainingData;
  readonly settings: TrainingSettings;
  readonly lora?: LoraTrainingSettings | undefined;
}

export function identityOf({
  config,
  initial,
  initialIdentity,
  data,
  settings,
  lora,
}: RunParts): RunIdentity {
  const { sequences, digest, truncated } = data;
  return {
    initial: initialIdentity,
    configDigest: createHash('sha256').update(JSON.stringify(config)).digest('hex'),
    baseWeights: lora === undefined ? null : baseWeights(initial),
    data: { rows: sequences.length, digest, truncated },
    ...{ settings, lora: lora ?? null },
  };
}

function baseWeights({ model }: InitialValues): 'quantized' | 'floats' {
  const dtypes = [...(model?.tensors.values() ?? [])].map(({ dtype }) => dtype);
  return dtypes.some(isQuantType) ? 'quantized' : 'floats';
}

/** Settings that a run may go on with otherwise: when it writes checkpoints changes nothing, and the result is yet to be written. */
const FREE = new Set(['settings.checkpointEvery']);
const FREE_UNTIL_WRITTEN = new Set([...FREE, 'settings.dtype']);

/** What the parts of an identity are called where their names do not say it. */
const IN_WORDS: Readonly<Record<string, string>> = {
  initial: 'the initial weights',
  configDigest: 'the model’s configuration',
  baseWeights: 'the base’s weights (REPTRACE_GGUF_WEIGHTS)',
  'data.rows': 'the rows of the data',
  'data.digest': 'the data',
  'data.truncated': 'the rows that were cut off',
};

/** Characters of a value in a message. */
const MOST_OF_A_VALUE = 80;

/**
 * What a run has otherwise than the recorded one, each in words; nothing where they are the same.
 * @param recorded as a file has it: of any shape
 * @param until whether the recorded run is still to write its result
 */
export function differences(
  recorded: unknown,
  run: RunIdentity,
  until: 'written' | 'unwritten',
): readonly string[] {
  const free = until === 'written' ? FREE : FREE_UNTIL_WRITTEN;
  // As JSON has it, on both sides.
  const now: unknown = JSON.parse(JSON.stringify(run));
  return differing(recorded, now, '').flatMap(([path, was, is]) => {
    if (free.has(path)) return [];
    const name = IN_WORDS[path] ?? path.replace(/^settings\./, '');
    return [`${name}: ${inWords(was)} then, ${inWords(is)} now`];
  });
}

type Difference = readonly [path: string, was: unknown, is: unknown];

/** As deep as ours goes: the other may be anything. */
function differing(was: unknown, is: unknown, path: string): readonly Difference[] {
  if (!isRecord(is)) return JSON.stringify(was ?? null) === JSON.stringify(is) ? [] : [[path, was, is]];
  if (!isRecord(was)) return [[path, was, is]];
  return Object.keys(is).flatMap((key) =>
    differing(Object.hasOwn(was, key) ? was[key] : undefined, is[key], path === '' ? key : `${path}.${key}`),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inWords(value: unknown): string {
  if (value === undefined) return 'not recorded';
  if (value === null) return 'none';
  const text = JSON.stringify(value);
  return text.length <= MOST_OF_A_VALUE ? text : `${text.slice(0, MOST_OF_A_VALUE)}…`;
}
