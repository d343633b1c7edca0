/**
 * The elementwise part of gated feed-forward layers (Shazeer, arXiv 2002.05202): y = f(gate) * up; SwiGLU with silu,
 * GEGLU with gelu. gate, up, y: any equal shape.
 * Backward: dgate = dy * up * f'(gate), dup = dy * f(gate).
 */
import { activation, activationSlope, type Activation } from './activation.ts';
import { type Numbers, checkShape } from './numbers.ts';

export interface GatedForward {
  readonly kind: Activation;
  readonly gate: Numbers;
  readonly up: Numbers;
}

export interface GatedBackward extends GatedForward {
  /** dL/dy */
  readonly dy: Numbers;
}

export interface GatedGradients {
  readonly dGate: Float64Array;
  readonly dUp: Float64Array;
}

export function gatedForward({ kind, gate, up }: GatedForward): Float64Array {
  checkShape('up', up, gate.length);
  return Float64Array.from(gate, (z, i) => activation(kind, z) * up[i]);
}

export function gatedBackward({ kind, gate, up, dy }: GatedBackward): GatedGradients {
  checkShape('up', up, gate.length);
  checkShape('dy', dy, gate.length);
  return {
    dGate: Float64Array.from(gate, (z, i) => dy[i] * up[i] * activationSlope(kind, z)),
    dUp: Float64Array.from(gate, (z, i) => dy[i] * activation(kind, z)),
  };
}
