/**
 * SwiGLU's elementwise part (Shazeer, arXiv 2002.05202): y = silu(gate) * up, silu(z) = z * sigmoid(z).
 * gate, up, y: any equal shape.
 * Backward, with s = sigmoid(gate): dgate = dy * up * s * (1 + gate * (1 - s)), dup = dy * gate * s.
 */
import { type Numbers, checkShape } from './numbers.ts';

export interface SwigluForward {
  readonly gate: Numbers;
  readonly up: Numbers;
}

export interface SwigluBackward extends SwigluForward {
  /** dL/dy */
  readonly dy: Numbers;
}

export interface SwigluGradients {
  readonly dGate: Float64Array;
  readonly dUp: Float64Array;
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

export function swigluForward({ gate, up }: SwigluForward): Float64Array {
  checkShape('up', up, gate.length);
  return Float64Array.from(gate, (z, i) => z * sigmoid(z) * up[i]);
}

export function swigluBackward({ gate, up, dy }: SwigluBackward): SwigluGradients {
  checkShape('up', up, gate.length);
  checkShape('dy', dy, gate.length);
  const dGate = new Float64Array(gate.length);
  const dUp = new Float64Array(gate.length);
  for (let i = 0; i < gate.length; i++) {
    const s = sigmoid(gate[i]);
    dGate[i] = dy[i] * up[i] * s * (1 + gate[i] * (1 - s));
    dUp[i] = dy[i] * gate[i] * s;
  }
  return { dGate, dUp };
}
