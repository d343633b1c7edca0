/**
 * Cross-entropy of rows of logits, and the whole head (vocabulary projection and cross-entropy together).
 *   nll[r] = lse(logits[r, :]) - logits[r, targets[r]],   L = sum_r scale[r] * nll[r]
 *   dL/dlogits[r, v] = scale[r] * (softmax(logits[r, :])[v] - (v == targets[r]))
 * With a soft cap, capped logits stand for the logits in both, and dL/dlogits is multiplied by the slope of the cap at the
 * logit, so that it is with respect to the raw logits.
 * logits [R, V], targets, scale, nll [R]. The scale carries the mean: 1 / (response tokens of the row's sample).
 * Head: logits = x · weight^T with x [R, D], weight [V, D].
 */
import { linearBackward, linearForward } from './linear.ts';
import { type Numbers, checkIds, checkShape, copyRows } from './numbers.ts';
import { softcap, softcapSlope } from './softcap.ts';
import { logSumExp } from './softmax.ts';

export interface CrossEntropyForward {
  readonly logits: Numbers;
  readonly targets: Numbers;
  readonly rows: number;
  readonly vocabSize: number;
  /** the soft cap of logits; none if absent */
  readonly cap?: number | undefined;
}

export interface CrossEntropyBackward extends CrossEntropyForward {
  /** dL/dnll [R] */
  readonly scale: Numbers;
}

export interface HeadOptions {
  readonly x: Numbers;
  readonly weight: Numbers;
  readonly targets: Numbers;
  /** dL/dnll [R] */
  readonly scale: Numbers;
  readonly rows: number;
  readonly width: number;
  readonly vocabSize: number;
  /** the soft cap of logits; none if absent */
  readonly cap?: number | undefined;
}

export interface HeadResult {
  /** [R] */
  readonly nll: Float64Array;
  /** [R, D] */
  readonly dx: Float64Array;
  /** [V, D] */
  readonly dWeight: Float64Array;
}

/** nll [R], in nats */
export function crossEntropyForward(options: CrossEntropyForward): Float64Array {
  const { logits, targets, rows, vocabSize, cap } = options;
  checkShape('logits', logits, rows, vocabSize);
  checkShape('targets', targets, rows);
  checkIds('targets', targets, vocabSize);
  const nll = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = copyRows(logits, vocabSize, r, 1).map((z) => softcap(z, cap));
    nll[r] = logSumExp(row) - row[targets[r]];
  }
  return nll;
}

/** dlogits [R, V] */
export function crossEntropyBackward(options: CrossEntropyBackward): Float64Array {
  const { logits, targets, scale, rows, vocabSize, cap } = options;
  checkShape('logits', logits, rows, vocabSize);
  checkShape('targets', targets, rows);
  checkShape('scale', scale, rows);
  checkIds('targets', targets, vocabSize);
  const dLogits = new Float64Array(rows * vocabSize);
  for (let r = 0; r < rows; r++) {
    const raw = copyRows(logits, vocabSize, r, 1);
    const row = raw.map((z) => softcap(z, cap));
    const lse = logSumExp(row);
    for (let v = 0; v < vocabSize; v++) {
      const hit = v === targets[r] ? 1 : 0;
      dLogits[r * vocabSize + v] = scale[r] * (Math.exp(row[v] - lse) - hit) * softcapSlope(raw[v], cap);
    }
  }
  return dLogits;
}

/** Loss and gradients of the head in one go, as a chunked kernel computes them. */
export function headForwardBackward(options: HeadOptions): HeadResult {
  const { x, weight, targets, scale, rows, width, vocabSize, cap } = options;
  const shape = { rows, inner: width, outer: vocabSize };
  const logits = linearForward({ x, weight, ...shape });
  const nll = crossEntropyForward({ logits, targets, rows, vocabSize, cap });
  const dy = crossEntropyBackward({ logits, targets, scale, rows, vocabSize, cap });
  const { dx, dWeight } = linearBackward({ dy, x, weight, ...shape });
  return { nll, dx, dWeight };
}
