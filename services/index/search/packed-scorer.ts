/**
 * How much of what outputs show a sample taught (s of lib/taught/score.ts, the mean over the outputs), from lessons as they are
 * packed, thousands at a time, and given up as soon as it is known to be under what is looked for. The sums are in float64 in
 * another order than there, so that the last digits differ: this says which samples to score, not their scores.
 */
import { GRADIENT_FLOOR, TOKEN_DIMS, WEIGHT_CAP } from '../../../lib/taught/constants.ts';
import { MAX_LESSON_BYTES, TOKEN_BYTES, unpackLesson, type TaughtToken } from '../../../lib/taught/lesson.ts';
import { f16ToF32 } from '../../compute/engine/model/dtype.ts';

/** Tokens of the outputs whose products with one row are made at once: each number of the row is read once for all of them. */
const LANES = 4;
/** Of a packed token: position and weight come before the rows. */
const WEIGHT_AT = 4;
const GRADIENT_AT = TOKEN_BYTES - 4 * TOKEN_DIMS;
const HIDDEN_AT = TOKEN_BYTES - 2 * TOKEN_DIMS;

/** For one question. Not for use by two at once. */
export class PackedScorer {
  /** A multiple of LANES; those beyond the last token have a share of 0. */
  readonly #count: number;
  /** w̃ over the number of outputs. */
  readonly #shares: Float64Array;
  /** Of LANES tokens the first numbers, then their second numbers, and so on; then the next LANES tokens. */
  readonly #hidden: Float64Array;
  /** Row after row. */
  readonly #gradient: Float64Array;
  /** Of the sample looked at, for each token of the outputs. */
  readonly #largest: Float64Array;
  /** The lesson looked at, where its float16 values are aligned. */
  readonly #bytes = new Uint8Array(MAX_LESSON_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #narrow = new Float32Array(TOKEN_DIMS);
  readonly #sampleHidden = new Float64Array(TOKEN_DIMS);
  readonly #sampleGradient = new Float64Array(TOKEN_DIMS);

  /** @param lessons of each output */
  constructor(lessons: readonly (readonly TaughtToken[])[]) {
    const tokens = lessons.flat();
    this.#count = LANES * Math.ceil(tokens.length / LANES);
    this.#shares = new Float64Array(this.#count);
    this.#shares.set(lessons.flatMap((lesson) => shares(lesson).map((share) => share / lessons.length)));
    this.#hidden = new Float64Array(this.#count * TOKEN_DIMS);
    this.#gradient = new Float64Array(this.#count * TOKEN_DIMS);
    for (const [i, { hidden, gradient }] of tokens.entries()) {
      const lane = i % LANES;
      const begin = (i - lane) * TOKEN_DIMS + lane;
      hidden.forEach((value, k) => (this.#hidden[begin + k * LANES] = value));
      this.#gradient.set(gradient, i * TOKEN_DIMS);
    }
    this.#largest = new Float64Array(this.#count);
  }

  /**
   * s of a lesson, or any number under `least` where s is less than that. Throws SHAPE_MISMATCH for bytes that are no lesson.
   * @param packed by packLesson, the most taught token first
   */
  score(packed: Uint8Array, least: number): number {
    if (packed.length % TOKEN_BYTES !== 0 || packed.length > MAX_LESSON_BYTES) unpackLesson(packed);
    this.#bytes.set(packed);
    const largest = this.#largest.fill(0);
    for (let at = 0; at < packed.length; at += TOKEN_BYTES) {
      const v = Math.min(this.#view.getFloat32(at + WEIGHT_AT, true), WEIGHT_CAP) / WEIGHT_CAP;
      // What was taught less adds v at most to a token of the output, so this is the most that s can become.
      if (this.#sum(v) < least) return 0;
      this.#meet(at, v, largest);
    }
    return this.#sum(0);
  }

  /** Σ of the tokens' shares of the largest so far, or of `atLeast` where that is more. */
  #sum(atLeast: number): number {
    const [shares, largest] = [this.#shares, this.#largest];
    let sum = 0;
    for (let i = 0; i < shares.length; i++) sum += shares[i] * Math.max(largest[i], atLeast);
    return sum;
  }

  /** Holds the token at `at` against all of the outputs. */
  #meet(at: number, v: number, largest: Float64Array): void {
    const rows = this.#hidden;
    const row = this.#sampleHidden;
    this.#widen(at + HIDDEN_AT, row);
    let hasGradient = false;
    for (let i = 0; i < this.#count; i += LANES) {
      let [a, b, c, d] = [0, 0, 0, 0];
      let from = i * TOKEN_DIMS;
      for (let k = 0; k < TOKEN_DIMS; k++, from += LANES) {
        const value = row[k];
        a += rows[from] * value;
        b += rows[from + 1] * value;
        c += rows[from + 2] * value;
        d += rows[from + 3] * value;
      }
      for (let lane = 0; lane < LANES; lane++) {
        const product = lane === 0 ? a : lane === 1 ? b : lane === 2 ? c : d;
        const cosine = product > 0 ? Math.min(1, product) : 0;
        const most = v * cosine * cosine;
        // The gradient's factor is 1 at most: where that is too little, it need not be known.
        if (most <= largest[i + lane]) continue;
        if (!hasGradient) this.#widen(at + GRADIENT_AT, this.#sampleGradient);
        hasGradient = true;
        const weighed = most * this.#gradientFactor(i + lane);
        if (weighed > largest[i + lane]) largest[i + lane] = weighed;
      }
    }
  }

  #gradientFactor(token: number): number {
    const rows = this.#gradient;
    const row = this.#sampleGradient;
    const from = token * TOKEN_DIMS;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let k = 0; k < TOKEN_DIMS; k += 4) {
      a += rows[from + k] * row[k];
      b += rows[from + k + 1] * row[k + 1];
      c += rows[from + k + 2] * row[k + 2];
      d += rows[from + k + 3] * row[k + 3];
    }
    const product = a + b + (c + d);
    return GRADIENT_FLOOR + (1 - GRADIENT_FLOOR) * (product > 0 ? Math.min(1, product) : 0);
  }

  /** Float16 to float64, by way of float32, which is what the table of float16 values gives. */
  #widen(at: number, row: Float64Array): void {
    f16ToF32(new Uint16Array(this.#bytes.buffer, at, TOKEN_DIMS), this.#narrow);
    row.set(this.#narrow);
  }
}

function shares(lesson: readonly TaughtToken[]): number[] {
  const total = lesson.reduce((sum, { weight }) => sum + weight, 0);
  return lesson.map(({ weight }) => (total > 0 ? weight / total : 0));
}
