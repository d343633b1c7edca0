/**
 * A method of attribution: from features to a score for every row, for each traced output. Pure and deterministic; the higher the
 * score, the more the row is held responsible.
 */
import type { Features } from '../features/features.ts';

export interface Scores {
  /** [outputs][rows], all finite. */
  readonly byOutput: readonly Float64Array[];
  /** Layer that it looked at; absent where it has none. */
  readonly layer?: number;
}

/** What a method needs besides texts; features that no method of a run needs are not computed. */
export type Need = 'layers' | 'lessons' | 'meanHidden' | 'sentence' | 'gradients';

/** Which kept checkpoints' gradients a method looks at. */
export type Checkpoints = 'all' | 'last';

export interface Method {
  /** Lower case with hyphens: the column of tables, and the name in recipes and options. */
  readonly name: string;
  /** For tables: `taught tokens`, `LESS`. */
  readonly title: string;
  /** What it computes, in one formula or sentence, and whose it is. */
  readonly source: string;
  readonly needs: readonly Need[];
  /** Of a method that needs gradients; absent: all. It pays for no others (charge.ts). */
  readonly checkpoints?: Checkpoints;
  /** Bytes that it keeps of a row; undefined where that has no meaning (BM25's index). */
  bytesPerRow(features: Features): number | undefined;
  scores(features: Features): Scores;
}
