/**
 * A low-rank branch beside a frozen linear layer (LoRA):
 *   y = x Wᵀ + scale · drop(x) Aᵀ Bᵀ
 * x [N, K], W [O, K], A [R, K], B [O, R], y [N, O]; drop is dropout.ts's.
 *
 * Backward, with d = drop(x), u = d Aᵀ, v = dy B:
 *   dB = scale · dyᵀ u,   dA = scale · vᵀ d,   dx = dy W + drop'(scale · v A).
 * Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021, as peft computes it.
 */
import { dropoutForward, type DropoutMask } from './dropout.ts';
import { linearForward, linearInputBackward, linearWeightBackward } from './linear.ts';
import type { Numbers } from './numbers.ts';

export interface LowRankShape {
  readonly rows: number;
  readonly inner: number;
  readonly outer: number;
  readonly rank: number;
}

export interface LowRankForward extends LowRankShape {
  readonly x: Numbers;
  readonly weight: Numbers;
  readonly a: Numbers;
  readonly b: Numbers;
  readonly scale: number;
  /** Undefined: nothing is dropped. */
  readonly mask?: DropoutMask | undefined;
}

export interface LowRankGradients {
  readonly dx: Float64Array;
  readonly da: Float64Array;
  readonly db: Float64Array;
}

/** y [N, O] */
export function lowRankForward(branch: LowRankForward): Float64Array {
  const { x, weight, b, scale, rows, inner, outer, rank } = branch;
  const y = linearForward({ x, weight, rows, inner, outer });
  const added = linearForward({ x: hidden(branch), weight: b, rows, inner: rank, outer });
  return y.map((value, i) => value + scale * added[i]);
}

/** @param dy dL/dy [N, O] */
export function lowRankBackward(branch: LowRankForward, dy: Numbers): LowRankGradients {
  const { weight, a, b, scale, mask, rows, inner, outer, rank } = branch;
  const scaled = Float64Array.from(dy, (value) => value * scale);
  const { dWeight: db } = linearWeightBackward({
    ...{ dy: scaled, x: hidden(branch) },
    ...{ rows, inner: rank, outer },
  });
  const v = linearInputBackward({ dy: scaled, weight: b, rows, inner: rank, outer });
  const { dWeight: da } = linearWeightBackward({ dy: v, x: dropped(branch), rows, inner, outer: rank });
  const through = linearInputBackward({ dy: v, weight: a, rows, inner, outer: rank });
  const back = mask === undefined ? through : dropoutForward(through, mask);
  const dx = linearInputBackward({ dy, weight, rows, inner, outer }).map((value, i) => value + back[i]);
  return { dx, da, db };
}

function dropped({ x, mask }: LowRankForward): Numbers {
  return mask === undefined ? x : dropoutForward(x, mask);
}

/** u [N, R] */
function hidden(branch: LowRankForward): Float64Array {
  const { a, rows, inner, rank } = branch;
  return linearForward({ x: dropped(branch), weight: a, rows, inner, outer: rank });
}
