/**
 * One step of AdamW (Loshchilov and Hutter, arXiv 1711.05101) exactly as torch.optim.AdamW takes it, with
 * c = gradScale (the clip factor), t = step counted from 1:
 *   p <- p * (1 - lr * weightDecay)
 *   m <- beta1 * m + (1 - beta1) * c * g
 *   v <- beta2 * v + (1 - beta2) * (c * g)^2
 *   p <- p - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 * All arrays have one shape.
 */
import { type Numbers, checkShape } from './numbers.ts';

export interface AdamwStep {
  readonly parameter: Numbers;
  readonly gradient: Numbers;
  /** first moment, zeros before step 1 */
  readonly m: Numbers;
  /** second moment, zeros before step 1 */
  readonly v: Numbers;
  /** 1 for the first step */
  readonly step: number;
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** multiplies the gradient; 1 if absent */
  readonly gradScale?: number | undefined;
}

export interface AdamwResult {
  readonly parameter: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
}

export function adamwStep(options: AdamwStep): AdamwResult {
  const { step, lr, beta1, beta2, eps, weightDecay, gradScale = 1 } = options;
  const count = options.parameter.length;
  checkShape('gradient', options.gradient, count);
  checkShape('m', options.m, count);
  checkShape('v', options.v, count);
  const parameter = Float64Array.from(options.parameter);
  const m = Float64Array.from(options.m);
  const v = Float64Array.from(options.v);
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (let i = 0; i < count; i++) {
    const g = options.gradient[i] * gradScale;
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    const denominator = Math.sqrt(v[i]) / Math.sqrt(correction2) + eps;
    parameter[i] = parameter[i] * (1 - lr * weightDecay) - ((lr / correction1) * m[i]) / denominator;
  }
  return { parameter, m, v };
}
