/** What one packed batch gave, read back (batch-run.ts), before it is cut into its samples (cut-by-sample.ts). */
import type { Place } from '../model/batch.ts';
import type { Sample } from './sample.ts';
import type { TokenRows } from './signature.ts';

/** Still packed. Matrices are row-major with `width` columns. */
export interface BatchResult {
  readonly samples: readonly Sample[];
  readonly places: readonly Place[];
  readonly width: number;
  /** Of the predicted tokens. */
  readonly nll: Float64Array;
  /** Layers of `hidden`; those of `gradient` are the asked ones, in rising order. */
  readonly hiddenLayers: readonly number[];
  readonly layers: readonly number[];
  /** [layers * samples, width]: at p, layer by layer. */
  readonly hidden: Float32Array;
  readonly gradient: Float32Array;
  /** By layer, [rows, width]: at every position of the batch; token scores [rows]. */
  readonly hiddenAll: ReadonlyMap<number, Float32Array>;
  readonly gradientAll: ReadonlyMap<number, Float32Array>;
  readonly scores: ReadonlyMap<number, Float32Array>;
  /** [predicted tokens, TOKEN_DIMS] each, where they were asked for. */
  readonly tokenRows: TokenRows | undefined;
}
