/**
 * What a sample was taught: its few most taught response tokens, and where its response begins, as they are computed, sent and
 * stored.
 *
 * w = max(0, log p_tuned - log p_base) of a token, in nats. Stored are at most KEPT_TOKENS of w > 0, the most taught first.
 * Packed, little-endian: for each token position u32, w f32, then TOKEN_DIMS float16 of the unit gradient row and TOKEN_DIMS of
 * the unit centred hidden row, both projected, at the position that predicts the token. Of METHOD 'taught 2' on, one record more of
 * the same form at the end, of the position p that predicts the first response token: p with BEGINNING_BIT, Σ w over all response
 * tokens, and its rows. 264 bytes a record, 2,376 a sample.
 */
import { f16ToF32, f32ToF16 } from '../../services/compute/engine/model/dtype.ts';
import { ReptraceError } from '../errors.ts';
import { KEPT_TOKENS, TOKEN_DIMS } from './constants.ts';

/** What is known of a position that predicts a token. */
export interface ProjectedRows {
  /** [TOKEN_DIMS], of unit length, or zeros where the row was zero. */
  readonly gradient: Float32Array;
  /** The same, measured from a centre. */
  readonly hidden: Float32Array;
}

export interface TaughtToken extends ProjectedRows {
  /** Of the token itself, 0-based in the rendering; position - 1 predicts it. */
  readonly position: number;
  /** w > 0, in nats. */
  readonly weight: number;
}

/** Where a response begins to be predicted. Hidden rows are measured from the mean over such positions. */
export interface Beginning extends ProjectedRows {
  /** p, 0-based in the rendering: of the last token before the response. */
  readonly position: number;
}

export interface SampleBeginning extends Beginning {
  /** Σ w over all tokens of the response, in nats, those that are not kept too. */
  readonly total: number;
}

/** A sample's. */
export interface Lesson {
  /** The most taught first. */
  readonly tokens: readonly TaughtToken[];
  /** null in indexes of METHOD 'taught 1'. */
  readonly beginning: SampleBeginning | null;
}

const HEAD_BYTES = 8;
export const TOKEN_BYTES = HEAD_BYTES + 2 * 2 * TOKEN_DIMS;
export const MAX_LESSON_BYTES = (KEPT_TOKENS + 1) * TOKEN_BYTES;
/** Of a position: no text has so many tokens. */
export const BEGINNING_BIT = 0x8000_0000;

/** @param tokens at most KEPT_TOKENS count */
export function packLesson(
  tokens: readonly TaughtToken[],
  beginning: SampleBeginning | null = null,
): Uint8Array {
  const kept = tokens.slice(0, KEPT_TOKENS);
  const bytes = new Uint8Array((kept.length + (beginning === null ? 0 : 1)) * TOKEN_BYTES);
  for (const [i, token] of kept.entries()) packRecord(bytes, i * TOKEN_BYTES, token);
  if (beginning !== null) {
    const { position, total, ...rows } = beginning;
    const record = { position: position + BEGINNING_BIT, weight: total, ...rows };
    packRecord(bytes, kept.length * TOKEN_BYTES, record);
  }
  return bytes;
}

function packRecord(bytes: Uint8Array<ArrayBuffer>, at: number, token: TaughtToken): void {
  const { position, weight, gradient, hidden } = token;
  const view = new DataView(bytes.buffer);
  view.setUint32(at, position, true);
  view.setFloat32(at + 4, weight, true);
  f32ToF16(gradient, new Uint16Array(bytes.buffer, at + HEAD_BYTES, TOKEN_DIMS));
  f32ToF16(hidden, new Uint16Array(bytes.buffer, at + HEAD_BYTES + 2 * TOKEN_DIMS, TOKEN_DIMS));
}

/** Throws SHAPE_MISMATCH for bytes that are no lesson. */
export function unpackLesson(packed: Uint8Array): Lesson {
  if (packed.length % TOKEN_BYTES !== 0) throw noLesson(packed);
  // A copy, so that the float16 values are aligned wherever the bytes came from.
  const bytes = Uint8Array.from(packed);
  const view = new DataView(bytes.buffer);
  const tokens: TaughtToken[] = [];
  let beginning: SampleBeginning | null = null;
  for (let at = 0; at < bytes.length; at += TOKEN_BYTES) {
    const [position, weight] = [view.getUint32(at, true), view.getFloat32(at + 4, true)];
    const rows = {
      gradient: widened(bytes, at + HEAD_BYTES),
      hidden: widened(bytes, at + HEAD_BYTES + 2 * TOKEN_DIMS),
    };
    if (beginning !== null) throw noLesson(packed);
    if (position < BEGINNING_BIT) tokens.push({ position, weight, ...rows });
    else beginning = { position: position - BEGINNING_BIT, total: weight, ...rows };
    if (tokens.length > KEPT_TOKENS) throw noLesson(packed);
  }
  return { tokens, beginning };
}

function noLesson({ length }: Uint8Array): ReptraceError {
  return new ReptraceError(
    'SHAPE_MISMATCH',
    `a lesson of ${length} bytes is none: each of at most ${KEPT_TOKENS} tokens takes ${TOKEN_BYTES}, and the beginning after them`,
    'Build the index again with this version.',
  );
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
