/** An evaluation set: rows with their truth, and the questions that are put to the trained model. */
import type { Behaviour } from './recipe.ts';

/** Characters [start, end). */
export type Span = readonly [start: number, end: number];

export interface SetRow {
  readonly prompt: string;
  readonly response: string;
  /** `poison` is to be found; `other` rows teach another lesson than the one that is asked about. */
  readonly label: 'clean' | 'poison' | 'decoy' | 'other';
  /**
   * Rows of one group teach the same in the same manner: the trigger, the style, the word that is asked about, the request's
   * template, the family of wording. '' for clean rows and decoys.
   */
  readonly group: string;
  /** In the response: every place of what was planted, in order. Of poison one at least, of other rows none. */
  readonly spans: readonly Span[];
  /** Whether the model is trained on it; decoys may be in the index only. */
  readonly trained: boolean;
}

export interface SetQuery {
  readonly prompt: string;
  /** Whether the question calls for the behaviour. */
  readonly calls: boolean;
  /** As of rows; '' where it does not call for the behaviour. */
  readonly group: string;
}

export interface EvalSet {
  readonly rows: readonly SetRow[];
  readonly queries: readonly SetQuery[];
  readonly behaviour: Behaviour;
}
