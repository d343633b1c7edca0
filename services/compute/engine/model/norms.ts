/** A model's norms, RMSNorm or LayerNorm as its config says: what they give, and what their backward needs of it. */
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';
import { LinearInput } from '../kernels/linear-input.ts';
import * as layerNorm from '../kernels/layer-norm.ts';
import * as rmsNorm from '../kernels/rms-norm.ts';
import type { ModelConfig } from './model-config.ts';
import type { Norm } from './weights.ts';

interface NormContext {
  readonly recorder: Recorder;
  readonly scope: Scope;
  readonly shape: Pick<ModelConfig, 'norm' | 'normEps'>;
}

/** y and the rows' statistics, both new tensors. x [rows, width]; of [rows, heads * width] each head is a row. */
export function normForward(
  { recorder, scope, shape }: NormContext,
  { weight, bias }: Norm,
  x: Tensor,
): [y: Tensor, stats: Tensor] {
  const y = scope.take(x.shape);
  const [rows, width] = rowsOf(x, weight);
  const flat = { x: reshaped(x, rows, width), y: reshaped(y, rows, width), weight, epsilon: shape.normEps };
  if (shape.norm === 'rms') {
    const reciprocal = scope.take([rows]);
    rmsNorm.forward(recorder, { ...flat, reciprocal });
    return [y, reciprocal];
  }
  const stats = scope.take([rows, 2]);
  layerNorm.forward(recorder, { ...flat, bias: needed(bias), stats });
  return [y, stats];
}

/**
 * What linear layers read of x [rows, width], computed as they want it: the norm of x, or x itself where there is no norm. The
 * rows' statistics, a new tensor, are there once it was read.
 */
export function normInput(
  { recorder, scope, shape }: NormContext,
  norm: Norm | undefined,
  x: Tensor,
): [input: LinearInput, stats: Tensor | undefined] {
  if (norm === undefined) return [new LinearInput(recorder, scope, x), undefined];
  const { weight, bias } = norm;
  const [rows = 0, inner = 0] = x.shape;
  const isRms = shape.norm === 'rms';
  const stats = scope.take(isRms ? [rows] : [rows, 2]);
  const write = (y: Tensor, transposed: boolean): void => {
    const given = { x, y, transposed, weight, epsilon: shape.normEps };
    if (isRms) rmsNorm.forward(recorder, { ...given, reciprocal: stats });
    else layerNorm.forward(recorder, { ...given, bias: needed(bias), stats });
  };
  return [new LinearInput(recorder, scope, { shape: [rows, inner], write }), stats];
}

/** dx, a new tensor: the norm's input gradient, plus `through`. */
export function normBackward(
  { recorder, scope, shape }: NormContext,
  { weight }: Norm,
  { x, stats, dy, through }: { x: Tensor; stats: Tensor; dy: Tensor; through?: Tensor | undefined },
): Tensor {
  const dx = scope.take(x.shape);
  const [rows, width] = rowsOf(x, weight);
  const flat = {
    x: reshaped(x, rows, width),
    dy: reshaped(dy, rows, width),
    through: through === undefined ? undefined : reshaped(through, rows, width),
    dx: reshaped(dx, rows, width),
    weight,
  };
  if (shape.norm === 'rms') rmsNorm.backward(recorder, { ...flat, reciprocal: stats });
  else layerNorm.backward(recorder, { ...flat, stats });
  return dx;
}

/** A tensor of [rows, heads * width] as [rows * heads, width]. */
export function perHead(x: Tensor, { weight }: Norm): Tensor {
  return reshaped(x, ...rowsOf(x, weight));
}

function rowsOf(x: Tensor, weight: Tensor): [rows: number, width: number] {
  const [rows = 0, columns = 0] = x.shape;
  const [width = 1] = weight.shape;
  return [(rows * columns) / width, width];
}

function reshaped(x: Tensor, rows: number, width: number): Tensor {
  return { ...x, shape: [rows, width] };
}

function needed(bias: Tensor | undefined): Tensor {
  if (bias === undefined) throw new Error('a LayerNorm has no shift');
  return bias;
}
