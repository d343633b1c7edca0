/** What the compute service answers of a build that nobody has begun: nothing of the model goes to the GPU for it. */
import { procedure } from '../bus/procedure.ts';
import type { ErrorCode } from '../errors.ts';
import type { ModelDescription, ModelRef, TextPair } from './compute-messages.ts';

export interface InspectedModel extends Omit<ModelDescription, 'digest'> {
  /** null where it is not known and was not asked for: finding it reads all weights. */
  readonly digest: string | null;
}

/** A model by its files alone. Throws as `describeModel` does, but for what reading the weights finds. */
export const inspectModel = procedure<
  { readonly model: ModelRef; readonly identify: boolean },
  InspectedModel
>('compute.inspect', 600_000);

/** Rows that a plan looks at, at most. */
export const PLAN_ROWS = 256;

export interface PlanQuestion {
  readonly model: ModelRef;
  /** The model before the fine-tuning, for an index with taught tokens; else null. */
  readonly base: ModelRef | null;
  readonly layers: 'auto' | readonly number[];
  readonly maxTokens: number | null;
  /** Some of the dataset's rows, PLAN_ROWS at most. */
  readonly rows: readonly TextPair[];
  /** Rows of the whole build. */
  readonly toSign: number;
}

export interface TokenCounts {
  /** Rows that were rendered, all numbers but `failures` being of these; 0 where none could be. */
  readonly rows: number;
  readonly mean: number;
  readonly p95: number;
  readonly max: number;
  /** Rows whose response loses its tail. */
  readonly truncated: number;
  /** Rows that the model cannot take, by their places in the question; the first few of them. */
  readonly failures: readonly {
    readonly index: number;
    readonly code: ErrorCode;
    readonly reason: string;
  }[];
  readonly failed: number;
}

/** Bytes on the GPU, of the model and its base together. */
export interface PlannedMemory {
  /** Of all weights, those that both have once. */
  readonly weights: number;
  readonly activations: number;
  /** What may be used of the device; null where nothing says how much that is. */
  readonly available: number | null;
  /** `streamed`: blocks are loaded in turn, so that never all weights are there. */
  readonly mode: 'resident' | 'streamed';
  /** Weights that are there at once. */
  readonly weightsAtOnce: number;
}

export interface PlanAnswer {
  readonly tokens: TokenCounts;
  /** Those named; for `auto` the lowest and the highest that may be chosen: the estimates are for the lowest. */
  readonly layers: readonly number[];
  readonly memory: PlannedMemory;
  /** Floating point operations of the whole build, but for what an index with a base is prepared with. */
  readonly flops: number;
  readonly flopsPerSecond: number;
  /** `batches`: the model's own last batches here; `trial`: a short run of one block of its shape. */
  readonly speedOf: 'batches' | 'trial';
  /** Between these the build should take; see estimate.ts. */
  readonly seconds: { readonly low: number; readonly high: number };
}

/**
 * Throws as `inspectModel` does, LAYER_NOT_FOUND, TOKENIZER_INVALID for a model without a tokenizer, and what keeps `base` from
 * being one (`describeBase`), as far as the files say.
 */
export const planIndexing = procedure<PlanQuestion, PlanAnswer>('compute.plan', 600_000);
