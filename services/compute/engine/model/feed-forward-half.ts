/**
 * The second half of a block, the feed-forward, forward and backward:
 *   a = Down(f(Gate(n)) * Up(n)),  or  Down(f(Up(n))) without a gate,   n = norm(x)
 * with those norms that the family has. What is added to the residual stream is norm(a) or a.
 */
import type { Tensor } from '../device/tensor.ts';
import * as activation from '../kernels/activation.ts';
import * as activationTransposed from '../kernels/activation-transposed.ts';
import * as gatedActivation from '../kernels/gated-activation.ts';
import { LinearInput } from '../kernels/linear-input.ts';
import * as residual from '../kernels/residual.ts';
import { backThrough, optionalNorm } from './attention-half.ts';
import type { BlockContext, WeightGradSink } from './block.ts';
import { normBackward, normForward, normInput } from './norms.ts';
import { project, projectAll, projectBack, type Projected } from './projection.ts';
import type { BlockWeights } from './weights.ts';

/** What the backward needs of the forward. All [rows, ...] of the batch. */
export interface FeedForwardTape {
  readonly inputStats: Tensor | undefined;
  readonly gate: Tensor | undefined;
  readonly up: Tensor;
  /** What Down gave, where a norm follows, and the norm's statistics. */
  readonly projected: Tensor | undefined;
  readonly postStats: Tensor | undefined;
}

/**
 * @param x what the half reads @param stream what it adds to; both stay the caller's
 * @returns stream + what the feed-forward adds, a new tensor, and the tape
 */
export function feedForward(
  context: BlockContext,
  weights: BlockWeights,
  x: Tensor,
  stream: Tensor,
): { out: Tensor; tape: FeedForwardTape } {
  const { recorder, scope, shape } = context;
  const [rows = 0] = x.shape;
  const [n, inputStats] = normInput(context, weights.mlpNorm, x);
  const up = scope.take([rows, shape.intermediateSize]);
  const gate = weights.gate === undefined ? undefined : scope.take(up.shape);
  const both: Projected[] = [{ projection: weights.up, y: up }];
  if (weights.gate !== undefined && gate !== undefined) both.unshift({ projection: weights.gate, y: gate });
  projectAll(context, n, both);
  n.end();
  const act = activatedInput(context, gate, up);
  const out = scope.take(stream.shape);
  if (weights.mlpPostNorm === undefined) {
    project(context, weights.down, act, out, stream);
    act.end();
    return { out, tape: { inputStats, gate, up, projected: undefined, postStats: undefined } };
  }
  const projected = scope.take(stream.shape);
  project(context, weights.down, act, projected);
  act.end();
  const [added, postStats] = normForward(context, weights.mlpPostNorm, projected);
  residual.forward(recorder, { a: stream, b: added, out });
  scope.give(added);
  return { out, tape: { inputStats, gate, up, projected, postStats } };
}

/**
 * @param dadded gradient with respect to what was added to the residual stream; stays the caller's
 * @returns dx plus dadded, which is what also passes the half by: a new tensor
 */
export function feedForwardBackward(
  context: BlockContext,
  weights: BlockWeights,
  x: Tensor,
  { inputStats, gate, up, projected, postStats }: FeedForwardTape,
  dadded: Tensor,
  sink?: WeightGradSink,
): Tensor {
  const { recorder, scope, shape } = context;
  const dprojected = backThrough(context, weights.mlpPostNorm, projected, postStats, dadded);
  if (sink !== undefined) {
    const act = activatedInput(context, gate, up);
    sink.projection(weights.down, act.x, dprojected);
    act.end();
  }
  const dup = scope.take(up.shape);
  projectBack(context, weights.down, dprojected, dup);
  if (dprojected !== dadded) scope.give(dprojected);
  const kind = shape.activation;
  const dgate = gate === undefined ? undefined : scope.take(gate.shape);
  if (gate === undefined || dgate === undefined) {
    activation.backward(recorder, { kind, x: up, dactToDx: dup });
  } else {
    gatedActivation.backward(recorder, { kind, gate, up, dactToDup: dup, dgate });
  }
  const dn = scope.take(x.shape);
  if (weights.gate !== undefined && dgate !== undefined) projectBack(context, weights.gate, dgate, dn);
  projectBack(context, weights.up, dup, dn, dgate !== undefined);
  if (sink !== undefined) {
    const [n, stats] = optionalNorm(context, weights.mlpNorm, x);
    if (weights.gate !== undefined && dgate !== undefined) sink.projection(weights.gate, n, dgate);
    sink.projection(weights.up, n, dup);
    if (n !== x) scope.give(n);
    if (stats !== undefined) scope.give(stats);
  }
  if (dgate !== undefined) scope.give(dgate);
  scope.give(dup);
  let dx: Tensor;
  if (weights.mlpNorm === undefined || inputStats === undefined) {
    dx = scope.take(x.shape);
    residual.forward(recorder, { a: dn, b: dadded, out: dx });
  } else {
    sink?.norm(weights.mlpNorm, x, inputStats, dn);
    dx = normBackward(context, weights.mlpNorm, { x, stats: inputStats, dy: dn, through: dadded });
  }
  scope.give(dn);
  return dx;
}

/** f(gate) * up, or f(up), for the linear layer that reads it. */
function activatedInput(
  { recorder, scope, shape }: BlockContext,
  gate: Tensor | undefined,
  up: Tensor,
): LinearInput {
  const kind = shape.activation;
  const [rows = 0, inner = 0] = up.shape;
  const write = (act: Tensor, transposed: boolean): void => {
    if (transposed) activationTransposed.forward(recorder, { kind, gate, up, actT: act });
    else if (gate === undefined) activation.forward(recorder, { kind, x: up, act });
    else gatedActivation.forward(recorder, { kind, gate, up, act });
  };
  return new LinearInput(recorder, scope, { shape: [rows, inner], write });
}
