/**
 * What a sample was taught: its few most taught response tokens, as they are computed, sent and stored.
 *
 * w = max(0, log p_tuned - log p_base) of a token, in nats. Stored are at most KEPT_TOKENS of w > 0, the most taught first.
 * Packed, little-endian: for each token position u32, w f32, then TOKEN_DIMS float16 of the unit gradient row and TOKEN_DIMS of
 * the unit centred hidden row, both projected, at the position that predicts the token: 264 bytes a token, 2,112 a sample.
 */
import { f16ToF32, f32ToF16 } from '../../services/compute/engine/model/dtype.ts';
import { ReptraceError } from '../errors.ts';
import { KEPT_TOKENS, TOKEN_DIMS } from './constants.ts';

export interface TaughtToken {
  /** Of the token itself, 0-based in the rendering; position - 1 predicts it. */
  readonly position: number;
  /** w > 0, in nats. */
  readonly weight: number;
  /** [TOKEN_DIMS], of unit length, or zeros where the row was zero. */
  readonly gradient: Float32Array;
  readonly hidden: Float32Array;
}

const HEAD_BYTES = 8;
export const TOKEN_BYTES = HEAD_BYTES + 2 * 2 * TOKEN_DIMS;
export const MAX_LESSON_BYTES = KEPT_TOKENS * TOKEN_BYTES;

/** @param tokens at most KEPT_TOKENS count */
export function packLesson(tokens: readonly TaughtToken[]): Uint8Array {
  const kept = tokens.slice(0, KEPT_TOKENS);
  const bytes = new Uint8Array(kept.length * TOKEN_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, { position, weight, gradient, hidden }] of kept.entries()) {
    const at = i * TOKEN_BYTES;
    view.setUint32(at, position, true);
    view.setFloat32(at + 4, weight, true);
    f32ToF16(gradient, new Uint16Array(bytes.buffer, at + HEAD_BYTES, TOKEN_DIMS));
    f32ToF16(hidden, new Uint16Array(bytes.buffer, at + HEAD_BYTES + 2 * TOKEN_DIMS, TOKEN_DIMS));
  }
  return bytes;
}

/** Throws SHAPE_MISMATCH for bytes that are no lesson. */
export function unpackLesson(packed: Uint8Array): TaughtToken[] {
  if (packed.length % TOKEN_BYTES !== 0 || packed.length > MAX_LESSON_BYTES) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `a lesson of ${packed.length} bytes is none: each of at most ${KEPT_TOKENS} tokens takes ${TOKEN_BYTES}`,
      'Build the index again with this version.',
    );
  }
  // A copy, so that the float16 values are aligned wherever the bytes came from.
  const bytes = Uint8Array.from(packed);
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / TOKEN_BYTES }, (_, i) => {
    const at = i * TOKEN_BYTES;
    return {
      position: view.getUint32(at, true),
      weight: view.getFloat32(at + 4, true),
      gradient: widened(bytes, at + HEAD_BYTES),
      hidden: widened(bytes, at + HEAD_BYTES + 2 * TOKEN_DIMS),
    };
  });
}

function widened(bytes: Uint8Array<ArrayBuffer>, at: number): Float32Array {
  const values = new Float32Array(TOKEN_DIMS);
  f16ToF32(new Uint16Array(bytes.buffer, at, TOKEN_DIMS), values);
  return values;
}

/** Σ w over the kept tokens, in nats: how much the sample taught. */
export function lessonTotal(tokens: readonly TaughtToken[]): number {
  return tokens.reduce((sum, { weight }) => sum + weight, 0);
}
