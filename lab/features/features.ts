/**
 * What methods know of a dataset's rows and of traced outputs: made once per set and model, by the engine, and read by any number
 * of methods. All arrays are row-major in the order of the items.
 */
import type { SampleBeginning, TaughtToken } from '../../lib/taught/lesson.ts';

/** Vectors of all items. */
export interface Vectors {
  readonly dims: number;
  /** [items, dims] */
  readonly values: Float32Array;
}

/** Of one layer, numbered as Hugging Face hidden states. */
export interface LayerFeatures {
  /** Hidden state at p, the last prompt position. */
  readonly hidden: Vectors;
  /** Gradient of the mean response loss with respect to it. */
  readonly gradient: Vectors;
}

/** Gradients of the trained parameters at one checkpoint, sketched (kernels/gradient-sketch.ts): never stored whole. */
export interface CheckpointFeatures {
  /** Optimizer steps behind it, and the mean learning rate of those since the checkpoint before. */
  readonly step: number;
  readonly learningRate: number;
  /** Of the mean response loss: [items, modules * sketch], one part for each trained tensor. */
  readonly gradient: Vectors;
  /** The same of what AdamW would make of it at this checkpoint (LESS). */
  readonly adam: Vectors;
  /** Numbers of each trained tensor before sketching, in the order of `modules`. Of each, dims / modules.length are kept. */
  readonly parts: readonly number[];
  readonly modules: readonly string[];
}

export interface Items {
  readonly count: number;
  readonly prompts: readonly string[];
  readonly responses: readonly string[];
  readonly layers: ReadonlyMap<number, LayerFeatures>;
  /** Mean over all positions of the hidden state after the final norm. */
  readonly meanHidden: Vectors;
  /** Mean over all positions of a sentence encoder's last hidden state; absent where none is named. */
  readonly sentence?: Vectors;
  /** log p_tuned - log p_base of each response token, in nats. */
  readonly ratios: readonly Float32Array[];
  /** The most taught tokens: KEPT_TOKENS of a row, QUERY_TOKENS of an output. */
  readonly lessons: readonly (readonly TaughtToken[])[];
  /** p of each, projected at L. */
  readonly beginnings: readonly SampleBeginning[];
  readonly checkpoints: readonly CheckpointFeatures[];
}

/** One trained model's view of a set. */
export interface Features {
  readonly rows: Items;
  readonly outputs: Items;
  /** Mean of hidden states at p over the probe rows, by layer. */
  readonly centres: ReadonlyMap<number, Float32Array>;
  /** The layer that the rule `deep` chose. */
  readonly layer: number;
  /** L. */
  readonly lastLayer: number;
  readonly curve: readonly number[];
}
