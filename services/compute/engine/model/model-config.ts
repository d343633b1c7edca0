/**
 * A model's configuration, whatever its family: the sizes and choices that the blocks are composed by. It is read from
 * config.json by the family's own module (families/), which brings every spelling to this one and refuses what would
 * change the computation and is not implemented: a model that is run slightly wrong gives plausible and worthless
 * attributions.
 */
import type { Activation } from '../kernels/activation.ts';
import { asFields, configInvalid, configUnsupported, field, show } from './config-fields.ts';
import type { DType } from './dtype.ts';
import { FAMILIES, familyNamed } from './families/families.ts';
import type { FamilyName } from './families/family.ts';
import type { RopeScaling } from './rope-config.ts';

export interface ModelConfig {
  readonly family: FamilyName;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Divides `heads`; equal to it where there is no grouping. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** Dimensions of a head that the rotary embedding's frequencies are made for; null where positions are learned. */
  readonly rotaryDim: number | null;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
  /** The context: positions that the model was made for. */
  readonly maxPositions: number;
  /** For each block the positions that a query sees, its own included; null for all before it. */
  readonly windows: readonly (number | null)[];
  readonly norm: 'rms' | 'layer';
  readonly normEps: number;
  /** Where a block has norms: before its two halves, after them (before they are added), or both. */
  readonly blockNorms: 'before' | 'after' | 'both';
  /** What a norm's stored scale lacks: Gemma stores the difference to 1. */
  readonly normOffset: 0 | 1;
  /** Norm of queries and keys: over each head, or over all heads together. */
  readonly queryKeyNorm: 'none' | 'head' | 'all';
  /** Both halves of a block read its input, instead of the second reading what the first gave. */
  readonly parallel: boolean;
  readonly activation: Activation;
  /** Feed-forward down(f(gate(x)) * up(x)), instead of down(f(up(x))). */
  readonly gated: boolean;
  /** What products of queries and keys are multiplied by. */
  readonly attentionScale: number;
  /** Attention scores s become c tanh(s / c). */
  readonly attentionSoftcap: number | null;
  /** Logits z become c tanh(z / c). */
  readonly logitSoftcap: number | null;
  /** What embeddings are multiplied by. */
  readonly embeddingScale: number;
  readonly tieEmbeddings: boolean;
  /** Biases on the query, key and value projections. */
  readonly attentionBias: boolean;
  readonly attentionOutputBias: boolean;
  /** Biases on the projections of the feed-forward. */
  readonly mlpBias: boolean;
  readonly bosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
  /** Standard deviation of freshly made weights, for training from scratch. */
  readonly initializerRange: number;
  /** What the config says the weights are stored in; each tensor says for itself what it really is. */
  readonly dtype: DType | null;
}

/** Throws CONFIG_INVALID, or CONFIG_UNSUPPORTED naming the family or option that is not implemented. */
export function parseModelConfig(json: unknown): ModelConfig {
  const fields = asFields(json, 'the document');
  const type = field(fields, 'model_type');
  const family = typeof type === 'string' ? familyNamed(type) : undefined;
  if (family === undefined) throw configUnsupported(`model_type ${show(type)} is not implemented`, known());
  const architectures = field(fields, 'architectures');
  if (architectures !== undefined && !Array.isArray(architectures)) {
    throw configInvalid('architectures is not a list');
  }
  if (
    architectures !== undefined &&
    (architectures.length !== 1 || architectures[0] !== family.architecture)
  ) {
    throw configUnsupported(`architectures ${show(architectures)} is not implemented`, known());
  }
  // Code of the checkpoint's own, which transformers runs only where it is told to: it takes its own class of that name.
  // Where config.json names no class, that code may be anything.
  const code = field(fields, 'auto_map');
  if (code !== undefined && architectures === undefined) {
    throw configUnsupported(`auto_map ${show(code)} without architectures is not implemented`, known());
  }
  return family.parse(fields);
}

function known(): string {
  const names = FAMILIES.map(({ name, architecture }) => `"${name}" (${architecture})`);
  return `Known model types: ${names.join(', ')}.`;
}
