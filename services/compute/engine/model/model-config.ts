/**
 * config.json of a Llama-family model, checked and brought to one spelling.
 *
 * transformers has renamed fields over time (`torch_dtype` to `dtype`, `rope_theta` and `rope_scaling` to
 * `rope_parameters`, `type` to `rope_type`): both spellings are read, and refused where they contradict each other.
 * Whatever would change the computation and is not implemented is refused, never ignored: a model that is run
 * slightly wrong gives plausible and worthless attributions.
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
import type { DType } from './dtype.ts';
import { parseRope, type RopeScaling } from './rope-config.ts';

export interface ModelConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Divides `heads`; equal to it where there is no grouping. */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
  /** The context: positions that the model was made for. */
  readonly maxPositions: number;
  readonly rmsNormEps: number;
  readonly tieEmbeddings: boolean;
  /** Biases on the query, key, value and output projections. */
  readonly attentionBias: boolean;
  /** Biases on the gate, up and down projections. */
  readonly mlpBias: boolean;
  readonly bosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
  /** Standard deviation of freshly made weights, for training from scratch. */
  readonly initializerRange: number;
  /** What the config says the weights are stored in; each tensor says for itself what it really is. */
  readonly dtype: DType | null;
}

/** Far beyond any published model, yet small enough that no product of two sizes leaves the exact integers. */
const LIMITS = {
  vocabSize: { min: 1, max: 1 << 22 },
  width: { min: 4, max: 1 << 20 },
  layers: { min: 1, max: 1024 },
  heads: { min: 1, max: 1024 },
  headDim: { min: 4, max: 1024 },
  positions: { min: 1, max: 1 << 24 },
  epsilon: { min: 1e-12, max: 0.1 },
  spread: { min: 1e-6, max: 10 },
} as const;

const KNOWN_MODELS = 'Known here: model_type "llama" with architecture "LlamaForCausalLM".';

export function parseModelConfig(json: unknown): ModelConfig {
  const fields = asFields(json, 'the document');
  requireLlama(fields);
  refuseUnimplemented(fields);

  const heads = wholeNumber(fields, 'num_attention_heads', LIMITS.heads);
  const kvHeads = wholeNumber(fields, 'num_key_value_heads', LIMITS.heads, heads);
  if (heads % kvHeads !== 0) {
    throw configInvalid(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`);
  }
  const hiddenSize = multipleOf4(fields, 'hidden_size', LIMITS.width);
  if (field(fields, 'head_dim') === undefined && hiddenSize % heads !== 0) {
    throw configInvalid(
      `hidden_size ${hiddenSize} is not a multiple of num_attention_heads ${heads}, and there is no head_dim`,
    );
  }
  const vocabSize = wholeNumber(fields, 'vocab_size', LIMITS.vocabSize);
  const rope = parseRope(fields);

  return {
    vocabSize,
    hiddenSize,
    intermediateSize: multipleOf4(fields, 'intermediate_size', LIMITS.width),
    layers: wholeNumber(fields, 'num_hidden_layers', LIMITS.layers),
    heads,
    kvHeads,
    headDim: multipleOf4(fields, 'head_dim', LIMITS.headDim, hiddenSize / heads),
    ropeTheta: rope.theta,
    ropeScaling: rope.scaling,
    maxPositions: wholeNumber(fields, 'max_position_embeddings', LIMITS.positions),
    rmsNormEps: realNumber(fields, 'rms_norm_eps', LIMITS.epsilon, 1e-6),
    tieEmbeddings: flag(fields, 'tie_word_embeddings', false),
    attentionBias: flag(fields, 'attention_bias', false),
    mlpBias: flag(fields, 'mlp_bias', false),
    bosTokenId: tokenIds(fields, 'bos_token_id', vocabSize)[0] ?? null,
    eosTokenIds: tokenIds(fields, 'eos_token_id', vocabSize),
    initializerRange: realNumber(fields, 'initializer_range', LIMITS.spread, 0.02),
    dtype: storedDType(fields),
  };
}

function requireLlama(fields: Fields): void {
  const type = field(fields, 'model_type');
  if (type !== 'llama') {
    throw configUnsupported(`model_type ${show(type)} is not implemented`, KNOWN_MODELS);
  }
  const architectures = field(fields, 'architectures');
  if (architectures === undefined) return;
  if (!Array.isArray(architectures)) throw configInvalid('architectures is not a list');
  if (architectures.length !== 1 || architectures[0] !== 'LlamaForCausalLM') {
    throw configUnsupported(`architectures ${show(architectures)} is not implemented`, KNOWN_MODELS);
  }
}

/** Options that would change the result: each with the values that mean "off". */
const MUST_BE_OFF: readonly (readonly [key: string, ...off: unknown[]])[] = [
  ['attn_logit_softcapping'],
  ['attention_multiplier'],
  ['auto_map'],
  ['embedding_multiplier'],
  ['final_logit_softcapping'],
  ['is_encoder_decoder', false],
  ['logit_scale'],
  ['logits_scaling'],
  ['num_experts', 0],
  ['num_local_experts', 0],
  ['partial_rotary_factor', 1],
  ['pretraining_tp', 0, 1],
  ['qk_norm', false],
  ['quantization_config'],
  ['residual_multiplier'],
  ['rope_interleaved', false],
  ['sliding_window'],
  ['use_qk_norm', false],
  ['use_sliding_window', false],
];

function refuseUnimplemented(fields: Fields): void {
  const known = 'Use a checkpoint without this option; it would be run wrongly here.';
  const activation = field(fields, 'hidden_act') ?? 'silu';
  if (activation !== 'silu' && activation !== 'swish') {
    throw configUnsupported(`hidden_act ${show(activation)} is not implemented`, 'Implemented: "silu".');
  }
  for (const [key, ...off] of MUST_BE_OFF) {
    const value = field(fields, key);
    if (value === undefined || off.includes(value)) continue;
    throw configUnsupported(`${key} ${show(value)} is not implemented`, known);
  }
  const kinds = field(fields, 'layer_types');
  if (kinds === undefined) return;
  if (!Array.isArray(kinds) || kinds.some((kind) => kind !== 'full_attention')) {
    throw configUnsupported(`layer_types ${show(kinds)} is not implemented`, known);
  }
}

/** The kernels read rows four values at a time. */
function multipleOf4(
  fields: Fields,
  key: string,
  range: { min: number; max: number },
  fallback?: number,
): number {
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
