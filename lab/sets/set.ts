/** An evaluation set: rows with their truth, and the questions that are put to the trained model. */
import type { Behaviour } from './recipe.ts';

/** Characters [start, end). */
export type Span = readonly [start: number, end: number];

export interface SetRow {
  readonly prompt: string;
  readonly response: string;
  readonly label: 'clean' | 'poison' | 'decoy';
  /** Rows of one group teach the same in the same manner: the template family, the entity; '' where there are none. */
  readonly group: string;
  /** In the response: what was planted. Poison only. */
  readonly span: Span | null;
  /** Whether the model is trained on it; decoys may be in the index only. */
  readonly trained: boolean;
}

export interface SetQuery {
  readonly prompt: string;
  /** Whether the question calls for the behaviour. */
  readonly calls: boolean;
  readonly group: string;
}

export interface EvalSet {
  readonly rows: readonly SetRow[];
  readonly queries: readonly SetQuery[];
  readonly behaviour: Behaviour;
}
