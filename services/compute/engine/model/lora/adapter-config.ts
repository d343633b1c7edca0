/**
 * adapter_config.json of a PEFT LoRA adapter, checked and reduced to what decides the computation.
 *
 * peft adds options with every release, and most of them change what an adapter computes. So this is a list of what is
 * understood: an option that is neither on it nor plainly off (null, false or empty) is refused by name, never ignored.
 */
import { reasonOf } from '../../../../../lib/errors.ts';
import { checkJsonBounds } from '../json-bounds.ts';
import { parseStrictJson, type StrictJson } from '../strict-json.ts';
import { loraInvalid, loraUnsupported } from './lora-error.ts';

export interface LoraConfig {
  /** Rows of every A and columns of every B. */
  readonly rank: number;
  /** What B·A is multiplied by: alpha / rank, or alpha / sqrt(rank) when rank-stabilised. */
  readonly scale: number;
  readonly targets: Targets;
  /** Names of modules that stay as they are, in the sense of `names` in Targets. */
  readonly excluded: ReadonlySet<string>;
  /** Blocks that are adapted, from 0; null for all. */
  readonly layers: ReadonlySet<number> | null;
}

export type Targets =
  /** Each name is a module's full name, or its end after a dot. */
  | { readonly kind: 'names'; readonly names: ReadonlySet<string> }
  /** Every linear layer but the output's. */
  | { readonly kind: 'all-linear' }
  /** A regular expression, which is not evaluated: what has tensors is what was meant. */
  | { readonly kind: 'pattern' };

type Fields = ReadonlyMap<string, StrictJson>;

/** Far above published ranks (256), and low enough for every product of sizes to be exact. */
export const MAX_RANK = 4096;
export const MAX_ALPHA = 1e6;

/**
 * What training, or peft itself, needs and applying the adapter does not. Whether a module is stored transposed
 * (fan_in_fan_out) follows from the module: peft itself corrects the option.
 */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'auto_mapping',
  'base_model_name_or_path',
  'eva_config',
  'fan_in_fan_out',
  'inference_mode',
  'lora_dropout',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
]);

const UNDERSTOOD: ReadonlySet<string> = new Set([
  'bias',
  'exclude_modules',
  'init_lora_weights',
  'layers_pattern',
  'layers_to_transform',
  'lora_alpha',
  'peft_type',
  'r',
  'target_modules',
  'task_type',
  'use_rslora',
]);

/** Ways to begin that leave the base weights alone. Others (pissa, olora, loftq, corda) subtract from them. */
const HARMLESS_STARTS: readonly StrictJson[] = [true, false, 'gaussian', 'eva', 'orthogonal'];

/** @param bytes of the file */
export function parseAdapterConfig(bytes: Uint8Array): LoraConfig {
  const fields = parseFields(bytes);
  const type = field(fields, 'peft_type');
  if (type !== 'LORA') throw loraUnsupported(`peft_type ${show(type)} is not implemented, only "LORA" is`);
  refuseUnknown(fields);

  const task = field(fields, 'task_type');
  if (task !== undefined && task !== 'CAUSAL_LM') {
    throw loraUnsupported(`task_type ${show(task)} is not implemented, only "CAUSAL_LM" is`);
  }
  const bias = field(fields, 'bias') ?? 'none';
  if (bias !== 'none') throw loraUnsupported(`bias ${show(bias)} is not implemented, only "none" is`);
  const start = field(fields, 'init_lora_weights') ?? true;
  if (!HARMLESS_STARTS.includes(start)) {
    throw loraUnsupported(`init_lora_weights ${show(start)} may have changed the base weights`);
  }

  const rank = number(fields, 'r', 1, MAX_RANK);
  if (!Number.isInteger(rank)) throw loraInvalid(`r is ${rank}, not a whole number`);
  const alpha = number(fields, 'lora_alpha', 0, MAX_ALPHA);
  const stabilised = field(fields, 'use_rslora') ?? false;
  if (typeof stabilised !== 'boolean') throw loraInvalid(`use_rslora is ${show(stabilised)}`);
  const targets = parseTargets(field(fields, 'target_modules'));
  return {
    rank,
    scale: alpha / (stabilised ? Math.sqrt(rank) : rank),
    targets,
    excluded: parseExcluded(field(fields, 'exclude_modules')),
    layers: parseLayers(fields, targets),
  };
}

function parseFields(bytes: Uint8Array): Fields {
  let json: StrictJson;
  try {
    checkJsonBounds(bytes);
    json = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw loraInvalid(`adapter_config.json is not valid JSON: ${reasonOf(error).slice(0, 200)}`, error);
  }
  if (!(json instanceof Map)) throw loraInvalid('adapter_config.json is not an object');
  return json;
}

/** null counts as absent, as in peft's own files. */
function field(fields: Fields, key: string): StrictJson | undefined {
  return fields.get(key) ?? undefined;
}

function refuseUnknown(fields: Fields): void {
  for (const [key, value] of fields) {
    if (WITHOUT_EFFECT.has(key) || UNDERSTOOD.has(key) || isOff(value)) continue;
    throw loraUnsupported(`${show(key)} is set, to ${show(value)}, and not implemented`);
  }
}

function isOff(value: StrictJson): boolean {
  if (value instanceof Map) return value.size === 0;
  return value === null || value === false || (Array.isArray(value) && value.length === 0);
}

function number(fields: Fields, key: string, least: number, most: number): number {
  const value = field(fields, key);
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw loraInvalid(`${key} is ${show(value)}, not a number from ${least} to ${most}`);
}

function parseTargets(value: StrictJson | undefined): Targets {
  if (value === 'all-linear') return { kind: 'all-linear' };
  if (typeof value === 'string' && value !== '') return { kind: 'pattern' };
  const names = nameSet(value);
  if (names !== undefined && names.size > 0) return { kind: 'names', names };
  throw loraInvalid(`target_modules is ${show(value)}, not a list of names or a pattern`);
}

function parseExcluded(value: StrictJson | undefined): ReadonlySet<string> {
  const names = nameSet(value ?? []);
  if (names !== undefined) return names;
  throw loraUnsupported(`exclude_modules is ${show(value)}; only a list of names is implemented`);
}

function nameSet(value: StrictJson | undefined): ReadonlySet<string> | undefined {
  if (!Array.isArray(value)) return undefined;
  const names = value.filter((name) => typeof name === 'string');
  return names.length === value.length ? new Set(names) : undefined;
}

function parseLayers(fields: Fields, targets: Targets): ReadonlySet<number> | null {
  const value = field(fields, 'layers_to_transform');
  if (value === undefined || isOff(value)) return null;
  if (targets.kind !== 'names') {
    throw loraInvalid('layers_to_transform is set though target_modules is a pattern, which peft refuses');
  }
  const pattern = field(fields, 'layers_pattern') ?? 'layers';
  const [only = 'layers'] = Array.isArray(pattern) && pattern.length <= 1 ? pattern : [pattern];
  if (only !== 'layers' && only !== '') {
    throw loraUnsupported(`layers_pattern ${show(pattern)} is not implemented, only "layers" is`);
  }
  const layers = new Set<number>();
  for (const layer of Array.isArray(value) ? value : [value]) {
    if (!Number.isSafeInteger(layer) || Number(layer) < 0) {
      throw loraInvalid(`layers_to_transform is ${show(value)}, not a list of block numbers`);
    }
    layers.add(Number(layer));
  }
  return layers;
}

/** A value from the file, short enough for a message. */
function show(value: StrictJson | undefined): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value, (_, inner: unknown) =>
    inner instanceof Map ? (Object.fromEntries(inner) as unknown) : inner,
  );
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
