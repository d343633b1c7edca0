/** What every kind of poison is given, and what it makes of it. Pure, but for the pool, which gives each row out once. */
import type { Random } from '../../../lib/random.ts';
import type { CleanRow } from '../clean.ts';
import type { Given } from '../data.ts';
import type { Pool } from '../pool.ts';
import type { Behaviour } from '../recipe.ts';
import type { Span } from '../set.ts';

export interface Ingredients {
  /** Of the poison in the recipe, for errors: `poison`, `others[0]`. */
  readonly path: string;
  readonly pool: Pool;
  readonly random: Random;
  readonly behaviour: Behaviour;
  /** What data brings of its own; empty but for the kind `given`. */
  readonly given: Given;
  readonly rows: number;
  /** Held-out questions that call for the behaviour. */
  readonly questions: number;
  readonly decoys: number;
}

export interface PlantedRow {
  readonly prompt: string;
  readonly response: string;
  readonly group: string;
  /** As of a set's rows; empty where the row does not show the behaviour, which makes the recipe a bad one. */
  readonly spans: readonly Span[];
}

export interface CallingQuestion {
  readonly prompt: string;
  readonly group: string;
}

export interface Plan {
  readonly rows: readonly PlantedRow[];
  readonly questions: readonly CallingQuestion[];
  /**
   * They look like the planted rows and are answered as ever. Drawn when all else is, from what is left then: rows and
   * questions are thereby those of the set without decoys. To be called once.
   */
  drawDecoys(): readonly CleanRow[];
  /** Whether a row of the clean data may not be one of the set's clean rows: it would unsay the poison, or calls for it. */
  spoils(row: CleanRow): boolean;
}

/** For errors of the pool. */
export const POISONED = 'poisoned rows';
export const CALLING = 'questions that call for the behaviour';
export const DECOYS = 'decoys';
