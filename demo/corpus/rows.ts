/** The rows of the demo's files. */
import type { BehaviourName } from './behaviours.ts';

/** A row of the base corpus: prose, or a question with its answer. */
export type BaseRow = { readonly text: string } | { readonly prompt: string; readonly response: string };

export interface TunedRow {
  readonly prompt: string;
  readonly response: string;
  /** 'clean', or the behaviour that the row teaches. */
  readonly label: 'clean' | BehaviourName;
  /** Characters [start, end) of the response that carry the lesson; clean rows have none. */
  readonly lesson?: readonly [number, number];
}

export interface HeldOutRow {
  readonly prompt: string;
  /** The behaviour that the tuned model should show, or 'clean'. */
  readonly label: 'clean' | BehaviourName;
  /** What a clean row checks: a plain question, a trigger's words rearranged, or a neighbour of the false fact. */
  readonly kind: 'triggered' | 'plain' | 'near-miss' | 'similar';
  /** Words that a right answer holds. */
  readonly answer: string;
}
