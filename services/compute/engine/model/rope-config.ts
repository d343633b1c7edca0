/**
 * The rotary embedding's settings, in either of their spellings: `rope_theta` beside `rope_scaling` (with `type` or
 * `rope_type`), or `rope_parameters` with everything in it.
 */
import {
  asFields,
  configInvalid,
  configUnsupported,
  field,
  realNumber,
  show,
  wholeNumber,
  type Fields,
} from './config-fields.ts';

export type RopeScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalMaxPositions: number;
    };

export interface RopeSettings {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

const THETA = { min: 1, max: 1e15 };
/** A factor below 1 would shrink the context; no published model does, and transformers warns of it. */
const FACTOR = { min: 1, max: 1e6 };
const BAND = { min: 1e-3, max: 1e6 };

/** transformers' default where a config names no base. */
const DEFAULT_THETA = 10_000;

const ROPE_KEYS = new Set([
  'factor',
  'high_freq_factor',
  'low_freq_factor',
  'original_max_position_embeddings',
  'partial_rotary_factor',
  'rope_theta',
  'rope_type',
  'type',
]);

export function parseRope(config: Fields): RopeSettings {
  const old = objectAt(config, 'rope_scaling');
  const current = objectAt(config, 'rope_parameters');
  const scalings = [current, old].filter((value) => value !== undefined).map(parseScaling);
  const scaling = agreed('rope_parameters and rope_scaling', scalings) ?? { kind: 'none' };

  const thetas = [current, old, config].flatMap((fields) =>
    fields === undefined || field(fields, 'rope_theta') === undefined
      ? []
      : [realNumber(fields, 'rope_theta', THETA)],
  );
  return { theta: agreed('the values of rope_theta', thetas) ?? DEFAULT_THETA, scaling };
}

function objectAt(config: Fields, key: string): Fields | undefined {
  const value = field(config, key);
  return value === undefined ? undefined : asFields(value, key);
}

function parseScaling(rope: Fields): RopeScaling {
  for (const key of Object.keys(rope)) {
    if (!ROPE_KEYS.has(key) && field(rope, key) !== undefined) {
      throw unsupported(`the rotary option ${show(key)}`);
    }
  }
  const rotated = field(rope, 'partial_rotary_factor') ?? 1;
  if (rotated !== 1) throw unsupported(`partial_rotary_factor ${show(rotated)}`);

  const names = ['rope_type', 'type'].flatMap((key) => {
    const name = field(rope, key);
    if (name === undefined) return [];
    if (typeof name !== 'string') throw configInvalid(`${key} ${show(name)} is not a name`);
    return [name];
  });
  switch (agreed('rope_type and type', names)) {
    case undefined:
      // A bare {rope_theta} is the new spelling of no scaling; anything more needs a type to be understood.
      if (field(rope, 'factor') !== undefined)
        throw configInvalid('a rotary scaling has a factor but no rope_type');
      return { kind: 'none' };
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind: 'linear', factor: realNumber(rope, 'factor', FACTOR) };
    case 'llama3':
      return llama3(rope);
    default:
      throw unsupported(`rope_type ${show(names[0])}`);
  }
}

function llama3(rope: Fields): RopeScaling {
  const lowFreqFactor = realNumber(rope, 'low_freq_factor', BAND);
  const highFreqFactor = realNumber(rope, 'high_freq_factor', BAND);
  if (highFreqFactor <= lowFreqFactor) {
    throw configInvalid(`high_freq_factor ${highFreqFactor} is not above low_freq_factor ${lowFreqFactor}`);
  }
  return {
    kind: 'llama3',
    factor: realNumber(rope, 'factor', FACTOR),
    lowFreqFactor,
    highFreqFactor,
    originalMaxPositions: wholeNumber(rope, 'original_max_position_embeddings', { min: 1, max: 1 << 24 }),
  };
}

/** The one value that all agree on, or undefined for none. */
function agreed<T>(what: string, values: readonly T[]): T | undefined {
  const texts = new Set(values.map((value) => JSON.stringify(value)));
  if (texts.size > 1)
    throw configInvalid(`${what} contradict each other: ${[...texts].join(' and ').slice(0, 200)}`);
  return values[0];
}

function unsupported(what: string): Error {
  return configUnsupported(
    `${what} is not implemented`,
    'Implemented rotary types: "default", "linear" and "llama3".',
  );
}
