/** What the config.json files of most families have in common, read with the same bounds for all of them. */
import {
  configInvalid,
  configUnsupported,
  field,
  flag,
  realNumber,
  show,
  wholeNumber,
  type Fields,
  type Range,
} from '../config-fields.ts';
import type { DType } from '../dtype.ts';
import type { ModelConfig } from '../model-config.ts';
import { parseRope, type RopeDefaults } from '../rope-config.ts';

/** Far beyond any published model, yet small enough that no product of two sizes leaves the exact integers. */
export const LIMITS = {
  vocabSize: { min: 1, max: 1 << 22 },
  width: { min: 4, max: 1 << 20 },
  layers: { min: 1, max: 1024 },
  heads: { min: 1, max: 1024 },
  headDim: { min: 4, max: 1024 },
  positions: { min: 1, max: 1 << 24 },
  epsilon: { min: 1e-12, max: 0.1 },
  spread: { min: 1e-6, max: 10 },
  softcap: { min: 1e-3, max: 1e6 },
} as const;

/** Names of the sizes, where a family has its own. */
export interface SizeKeys {
  readonly hiddenSize: string;
  readonly intermediateSize: string;
  readonly layers: string;
  readonly heads: string;
  readonly maxPositions: string;
}

const COMMON_KEYS: SizeKeys = {
  hiddenSize: 'hidden_size',
  intermediateSize: 'intermediate_size',
  layers: 'num_hidden_layers',
  heads: 'num_attention_heads',
  maxPositions: 'max_position_embeddings',
};

export interface SizeOptions {
  readonly keys?: SizeKeys;
  /** Heads may share keys and values (num_key_value_heads); default true. */
  readonly grouped?: boolean;
  /** Without num_key_value_heads there is no grouping; false where transformers assumes another number. */
  readonly ungroupedByDefault?: boolean;
  /** head_dim where config.json names none; default hidden_size / heads. */
  readonly headDim?: number;
  /** intermediate_size where config.json names none. */
  readonly intermediateOf?: (hiddenSize: number) => number;
}

type Sizes = Pick<
  ModelConfig,
  | 'vocabSize'
  | 'hiddenSize'
  | 'intermediateSize'
  | 'layers'
  | 'heads'
  | 'kvHeads'
  | 'headDim'
  | 'maxPositions'
>;

export function readSizes(fields: Fields, options: SizeOptions = {}): Sizes {
  const { keys = COMMON_KEYS, grouped = true, ungroupedByDefault = true, intermediateOf } = options;
  const heads = wholeNumber(fields, keys.heads, LIMITS.heads);
  const kvHeads = grouped
    ? wholeNumber(fields, 'num_key_value_heads', LIMITS.heads, ungroupedByDefault ? heads : undefined)
    : heads;
  if (heads % kvHeads !== 0) {
    throw configInvalid(`${keys.heads} ${heads} is not a multiple of num_key_value_heads ${kvHeads}`);
  }
  const hiddenSize = multipleOf4(fields, keys.hiddenSize, LIMITS.width);
  const own = field(fields, 'head_dim');
  if (own === undefined && options.headDim === undefined && hiddenSize % heads !== 0) {
    throw configInvalid(
      `${keys.hiddenSize} ${hiddenSize} is not a multiple of ${keys.heads} ${heads}, and there is no head_dim`,
    );
  }
  return {
    vocabSize: wholeNumber(fields, 'vocab_size', LIMITS.vocabSize),
    hiddenSize,
    intermediateSize: multipleOf4(fields, keys.intermediateSize, LIMITS.width, intermediateOf?.(hiddenSize)),
    layers: wholeNumber(fields, keys.layers, LIMITS.layers),
    heads,
    kvHeads,
    headDim: multipleOf4(fields, 'head_dim', LIMITS.headDim, options.headDim ?? hiddenSize / heads),
    maxPositions: wholeNumber(fields, keys.maxPositions, LIMITS.positions),
  };
}

/**
 * Rotary settings, as fields of the config.
 * @param options `turnsPart`: the family's checkpoints may turn a part of each head
 */
export function readRotary(
  fields: Fields,
  { headDim, maxPositions }: Pick<Sizes, 'headDim' | 'maxPositions'>,
  { turnsPart = false, ...defaults }: RopeDefaults & { readonly turnsPart?: boolean } = {},
): Pick<ModelConfig, 'rotaryDim' | 'ropeTheta' | 'ropeScaling'> {
  const { theta, scaling, partial } = parseRope(fields, maxPositions, defaults);
  if (partial !== 1 && !turnsPart) {
    throw configUnsupported(
      `partial_rotary_factor ${partial} is not implemented`,
      'Use a checkpoint without this option; it would be run wrongly here.',
    );
  }
  const rotaryDim = Math.floor(headDim * partial);
  if (rotaryDim < 1 || 2 * Math.ceil(rotaryDim / 2) > headDim) {
    throw configInvalid(
      `a share of ${partial} of heads of ${headDim} dimensions cannot be turned by the rotary embedding`,
    );
  }
  return { rotaryDim, ropeTheta: theta, ropeScaling: scaling };
}

/** Tokens, spread of fresh weights and the declared dtype. */
export function readCommon(
  fields: Fields,
  vocabSize: number,
  { tied }: { readonly tied: boolean },
): Pick<ModelConfig, 'tieEmbeddings' | 'bosTokenId' | 'eosTokenIds' | 'initializerRange' | 'dtype'> {
  return {
    tieEmbeddings: flag(fields, 'tie_word_embeddings', tied),
    bosTokenId: tokenIds(fields, 'bos_token_id', vocabSize)[0] ?? null,
    eosTokenIds: tokenIds(fields, 'eos_token_id', vocabSize),
    initializerRange: realNumber(fields, 'initializer_range', LIMITS.spread, 0.02),
    dtype: storedDType(fields),
  };
}

/** What a Llama has; other families say what they have instead. */
export function plainBlocks(
  layers: number,
  headDim: number,
): Pick<
  ModelConfig,
  | 'windows'
  | 'norm'
  | 'blockNorms'
  | 'normOffset'
  | 'queryKeyNorm'
  | 'parallel'
  | 'activation'
  | 'gated'
  | 'attentionScale'
  | 'attentionSoftcap'
  | 'logitSoftcap'
  | 'embeddingScale'
  | 'attentionBias'
  | 'attentionOutputBias'
  | 'mlpBias'
> {
  return {
    windows: Array.from({ length: layers }, () => null),
    norm: 'rms',
    blockNorms: 'before',
    normOffset: 0,
    queryKeyNorm: 'none',
    parallel: false,
    activation: 'silu',
    gated: true,
    attentionScale: 1 / Math.sqrt(headDim),
    attentionSoftcap: null,
    logitSoftcap: null,
    embeddingScale: 1,
    attentionBias: false,
    attentionOutputBias: false,
    mlpBias: false,
  };
}

/** Names of activations in config.json, in transformers' ACT2FN. */
const ACTIVATIONS: Readonly<Record<string, ModelConfig['activation']>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
};

/** @param allowed the activations that the family's checkpoints have; others are refused, as nothing tests them */
export function readActivation(
  fields: Fields,
  key: string,
  fallback: string,
  allowed: readonly ModelConfig['activation'][],
): ModelConfig['activation'] {
  const name = field(fields, key) ?? fallback;
  const found = typeof name === 'string' && Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (found !== undefined && allowed.includes(found)) return found;
  const names = Object.entries(ACTIVATIONS).filter(([, kind]) => allowed.includes(kind));
  throw configUnsupported(
    `${key} ${show(name)} is not implemented`,
    `Implemented: ${names.map(([known]) => `"${known}"`).join(', ')}.`,
  );
}

/** The kernels read rows four values at a time. */
function multipleOf4(fields: Fields, key: string, range: Range, fallback?: number): number {
  const value = wholeNumber(fields, key, range, fallback);
  if (value % 4 !== 0) {
    throw configUnsupported(`${key} ${value} is not a multiple of 4`, 'The kernels need multiples of 4.');
  }
  return value;
}

/** One id, a list of them, or nothing. */
function tokenIds(fields: Fields, key: string, vocabSize: number): number[] {
  const value = field(fields, key);
  if (value === undefined) return [];
  const ids: unknown[] = Array.isArray(value) ? value : [value];
  if (ids.length > 64) throw configInvalid(`${key} lists ${ids.length} tokens`);
  return ids.map((id) => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw configInvalid(`${key} ${show(id)} is not a token of a vocabulary of ${vocabSize}`);
    }
    return id;
  });
}

const DTYPES: Readonly<Record<string, DType>> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

function storedDType(fields: Fields): DType | null {
  const old = field(fields, 'torch_dtype');
  const name = field(fields, 'dtype') ?? old;
  if (name === undefined) return null;
  if (old !== undefined && old !== name) {
    throw configInvalid(`dtype ${show(name)} and torch_dtype ${show(old)} contradict each other`);
  }
  if (typeof name !== 'string' || !Object.hasOwn(DTYPES, name)) {
    throw configUnsupported(
      `dtype ${show(name)} is not implemented`,
      'Implemented: "float32", "float16" and "bfloat16".',
    );
  }
  return DTYPES[name] ?? null;
}
