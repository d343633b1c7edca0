/**
 * The rotary embedding's settings, in either of their spellings: `rope_theta` beside `rope_scaling` (with `type` or
 * `rope_type`), or `rope_parameters` with everything in it.
 */
import {
  asFields,
  configInvalid,
  configUnsupported,
  field,
  flag,
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
    }
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalMaxPositions: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Whether the corrected range is widened to whole dimensions. */
      readonly truncate: boolean;
      /** What cosines and sines are multiplied by. */
      readonly attentionFactor: number;
    };

export interface RopeSettings {
  readonly theta: number;
  readonly scaling: RopeScaling;
  /** Share of a head's dimensions that turns. */
  readonly partial: number;
}

/** Values of a family, where rope_parameters and rope_scaling say nothing. */
export interface RopeDefaults {
  readonly theta?: number | undefined;
  readonly partial?: number | undefined;
}

/** YaRN divides by the base's logarithm, so 1 would give no numbers; published ones begin at 10 000. */
export const THETA = { min: 2, max: 1e15 };
/** A factor below 1 would shrink the context; no published model does, and transformers warns of it. */
const FACTOR = { min: 1, max: 1e6 };
const BAND = { min: 1e-3, max: 1e6 };
const POSITIONS = { min: 1, max: 1 << 24 };
export const SHARE = { min: 1e-3, max: 1 };

/** transformers' default where a config names no base. */
const DEFAULT_THETA = 10_000;

const ROPE_KEYS = new Set([
  'attention_factor',
  'beta_fast',
  'beta_slow',
  'factor',
  'high_freq_factor',
  'low_freq_factor',
  'mscale',
  'mscale_all_dim',
  'original_max_position_embeddings',
  'partial_rotary_factor',
  'rope_theta',
  'rope_type',
  'truncate',
  'type',
]);

/** @param maxPositions the context, which the scalings' own one defaults to */
export function parseRope(config: Fields, maxPositions: number, defaults: RopeDefaults = {}): RopeSettings {
  const old = objectAt(config, 'rope_scaling');
  const current = objectAt(config, 'rope_parameters');
  const scalings = [current, old]
    .filter((value) => value !== undefined)
    .map((rope) => parseScaling(rope, config, maxPositions));
  const scaling = agreed('rope_parameters and rope_scaling', scalings) ?? { kind: 'none' };
  const values = (key: string, range: typeof THETA): number[] =>
    [current, old, config].flatMap((fields) =>
      fields === undefined || field(fields, key) === undefined ? [] : [realNumber(fields, key, range)],
    );
  return {
    theta: agreed('the values of rope_theta', values('rope_theta', THETA)) ?? defaults.theta ?? DEFAULT_THETA,
    scaling,
    partial:
      agreed('the values of partial_rotary_factor', values('partial_rotary_factor', SHARE)) ??
      defaults.partial ??
      1,
  };
}

function objectAt(config: Fields, key: string): Fields | undefined {
  const value = field(config, key);
  return value === undefined ? undefined : asFields(value, key);
}

function parseScaling(rope: Fields, config: Fields, maxPositions: number): RopeScaling {
  for (const key of Object.keys(rope)) {
    if (!ROPE_KEYS.has(key) && field(rope, key) !== undefined) {
      throw unsupported(`the rotary option ${show(key)}`);
    }
  }
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
    case 'dynamic':
      // It changes nothing up to max_position_embeddings, and longer sequences are refused.
      realNumber(rope, 'factor', FACTOR);
      return { kind: 'none' };
    case 'linear':
      return { kind: 'linear', factor: realNumber(rope, 'factor', FACTOR) };
    case 'llama3':
      return llama3(rope, config);
    case 'yarn':
      return yarn(rope, originalPositions(rope, config, maxPositions), maxPositions);
    default:
      throw unsupported(`rope_type ${show(names[0])}`);
  }
}

function llama3(rope: Fields, config: Fields): RopeScaling {
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
    originalMaxPositions: originalPositions(rope, config),
  };
}

/** As transformers has it: the config's own key first, then the scaling's, then what is given. */
function originalPositions(rope: Fields, config: Fields, fallback?: number): number {
  const key = 'original_max_position_embeddings';
  const from = field(config, key) === undefined ? rope : config;
  return wholeNumber(from, key, POSITIONS, fallback);
}

/** YaRN (arXiv 2309.00071) with transformers' defaults. */
function yarn(rope: Fields, originalMaxPositions: number, maxPositions: number): RopeScaling {
  const factor = realNumber(rope, 'factor', FACTOR, maxPositions / originalMaxPositions);
  const mscale = realNumber(rope, 'mscale', { min: 0, max: 1e3 }, 0);
  const mscaleAll = realNumber(rope, 'mscale_all_dim', { min: 0, max: 1e3 }, 0);
  const scaleOf = (share: number): number => (factor <= 1 ? 1 : 0.1 * share * Math.log(factor) + 1);
  const inferred = mscale !== 0 && mscaleAll !== 0 ? scaleOf(mscale) / scaleOf(mscaleAll) : scaleOf(1);
  return {
    kind: 'yarn',
    factor,
    originalMaxPositions,
    betaFast: realNumber(rope, 'beta_fast', BAND, 32),
    betaSlow: realNumber(rope, 'beta_slow', BAND, 1),
    truncate: flag(rope, 'truncate', true),
    attentionFactor: realNumber(rope, 'attention_factor', BAND, inferred),
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
    'Implemented rotary types: "default", "linear", "dynamic" (within max_position_embeddings), "llama3" and "yarn".',
  );
}
