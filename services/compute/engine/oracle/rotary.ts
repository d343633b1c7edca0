/**
 * Rotary position embedding (Su et al., arXiv 2104.09864) in Hugging Face's rotate-half convention: dimension i
 * of a head is paired with i + half, and the pair is turned by the angle position * invFreq[i]:
 *   y[i]        = x[i] * cos - x[i + half] * sin
 *   y[i + half] = x[i + half] * cos + x[i] * sin
 * x, y [N, heads * headDim], positions [N], invFreq [half]. Dimensions from 2 * half on pass through (partial rotary, as
 * GPT-NeoX has it); half is headDim / 2 elsewhere.
 *
 * `scale` multiplies cos and sin (YaRN's attention factor, arXiv 2309.00071); it is 1 everywhere else.
 * A rotation is orthogonal, so backward is the rotation by the negative angle, times the same scale.
 */
import { type Numbers, checkShape } from './numbers.ts';

interface RotaryShape {
  readonly positions: Numbers;
  readonly invFreq: Numbers;
  readonly rows: number;
  readonly heads: number;
  readonly headDim: number;
  readonly scale?: number | undefined;
}

export interface RotaryForward extends RotaryShape {
  readonly x: Numbers;
}

export interface RotaryBackward extends RotaryShape {
  /** dL/dy [N, heads * headDim] */
  readonly dy: Numbers;
}

function rotate(x: Numbers, direction: 1 | -1, shape: RotaryShape): Float64Array {
  const { positions, invFreq, rows, heads, headDim, scale = 1 } = shape;
  const half = invFreq.length;
  checkShape('positions', positions, rows);
  if (half > headDim / 2) checkShape('invFreq', invFreq, headDim / 2);
  const y = Float64Array.from(x);
  for (let n = 0; n < rows; n++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < half; i++) {
        const angle = positions[n] * invFreq[i];
        const cos = Math.cos(angle) * scale;
        const sin = Math.sin(angle) * scale * direction;
        const low = (n * heads + h) * headDim + i;
        const high = low + half;
        y[low] = x[low] * cos - x[high] * sin;
        y[high] = x[high] * cos + x[low] * sin;
      }
    }
  }
  return y;
}

/** y [N, heads * headDim] */
export function rotaryForward(options: RotaryForward): Float64Array {
  checkShape('x', options.x, options.rows, options.heads, options.headDim);
  return rotate(options.x, 1, options);
}

/** dx [N, heads * headDim] */
export function rotaryBackward(options: RotaryBackward): Float64Array {
  checkShape('dy', options.dy, options.rows, options.heads, options.headDim);
  return rotate(options.dy, -1, options);
}

/** The position of every row within its own sequence, [N]: each sequence of a packed batch starts at 0. */
export function packedPositions(starts: readonly number[]): Float64Array {
  const positions = new Float64Array(starts.at(-1) ?? 0);
  for (let b = 0; b + 1 < starts.length; b++) {
    for (let n = starts[b]; n < starts[b + 1]; n++) positions[n] = n - starts[b];
  }
  return positions;
}

/** The plain inverse frequencies [headDim / 2]: theta^(-2i / headDim). Scaled variants are the configuration's. */
export function plainInvFreq(headDim: number, theta: number): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, i) => theta ** ((-2 * i) / headDim));
}
