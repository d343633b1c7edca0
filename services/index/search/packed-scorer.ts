/**
 * How much of what outputs show a sample taught (s of lib/taught/score.ts, the mean over the outputs), from lessons as they are
 * packed, thousands at a time, and given up as soon as it is known to be under what is looked for. The sums are in float64 in
 * another order than there, so that the last digits differ: this says which samples to score, not their scores.
 */
import { GRADIENT_FLOOR, TOKEN_DIMS, WEIGHT_CAP } from '../../../lib/taught/constants.ts';
import { BEGINNING_BIT, MAX_LESSON_BYTES, TOKEN_BYTES, unpackLesson } from '../../../lib/taught/lesson.ts';
import { weightOf, type WeighedOutput } from '../../../lib/taught/score.ts';
import { f16ToF32 } from '../../compute/engine/model/dtype.ts';

/** Tokens of the outputs whose products with one row are made at once: each number of the row is read once for all of them. */
const LANES = 4;
/** Of a packed token: position and weight come before the rows. */
const WEIGHT_AT = 4;
const GRADIENT_AT = TOKEN_BYTES - 4 * TOKEN_DIMS;
const HIDDEN_AT = TOKEN_BYTES - 2 * TOKEN_DIMS;

/** p of an output. */
interface PackedBeginning {
  /** u_p over the number of outputs. */
  readonly share: number;
  readonly hidden: Float64Array;
  readonly gradient: Float64Array;
}

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
  /** Of the outputs that have one. */
  readonly #beginnings: readonly PackedBeginning[];
  /** Of the sample looked at, for each token of the outputs. */
  readonly #largest: Float64Array;
  /** The lesson looked at, where its float16 values are aligned. */
  readonly #bytes = new Uint8Array(MAX_LESSON_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #narrow = new Float32Array(TOKEN_DIMS);
  readonly #sampleHidden = new Float64Array(TOKEN_DIMS);
  readonly #sampleGradient = new Float64Array(TOKEN_DIMS);

  constructor(outputs: readonly WeighedOutput[]) {
    const tokens = outputs.flatMap((output) => output.tokens);
    this.#count = LANES * Math.ceil(tokens.length / LANES);
    this.#shares = new Float64Array(this.#count);
    this.#shares.set(
      outputs.flatMap((output) => {
        const all = weightOf(output) * outputs.length;
        return output.tokens.map(({ weight }) => (all > 0 ? weight / all : 0));
      }),
    );
    this.#beginnings = outputs.flatMap((output) => {
      const { beginning } = output;
      if (beginning === null || beginning.weight === 0) return [];
      const share = beginning.weight / weightOf(output) / outputs.length;
      const [hidden, gradient] = [new Float64Array(beginning.hidden), new Float64Array(beginning.gradient)];
      return [{ share, hidden, gradient }];
    });
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
    // Only the last record may be the beginning, and of the most that there can be it must.
    const last = packed.length - TOKEN_BYTES;
    const begins = last >= 0 && this.#view.getUint32(last, true) >= BEGINNING_BIT;
    if (packed.length === MAX_LESSON_BYTES && !begins) unpackLesson(packed);
    const largest = this.#largest.fill(0);
    const begun = begins ? this.#begin(last) : 0;
    for (let at = 0; at < (begins ? last : packed.length); at += TOKEN_BYTES) {
      const v = Math.min(this.#view.getFloat32(at + WEIGHT_AT, true), WEIGHT_CAP) / WEIGHT_CAP;
      // What was taught less adds v at most to a token of the output, so this is the most that s can become.
      if (begun + this.#sum(v) < least) return 0;
      this.#meet(at, v, largest);
    }
    return begun + this.#sum(0);
  }

  /** What p adds to s, of the record at `at`. */
  #begin(at: number): number {
    if (this.#beginnings.length === 0) return 0;
    this.#widen(at + HIDDEN_AT, this.#sampleHidden);
    this.#widen(at + GRADIENT_AT, this.#sampleGradient);
    let sum = 0;
    for (const { share, hidden, gradient } of this.#beginnings) {
      const cosine = positive(hidden, 0, this.#sampleHidden);
      sum += share * cosine * cosine * withGradient(positive(gradient, 0, this.#sampleGradient));
    }
    return sum;
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
        const like = positive(this.#gradient, (i + lane) * TOKEN_DIMS, this.#sampleGradient);
        const weighed = most * withGradient(like);
        if (weighed > largest[i + lane]) largest[i + lane] = weighed;
      }
    }
  }

  /** Float16 to float64, by way of float32, which is what the table of float16 values gives. */
  #widen(at: number, row: Float64Array): void {
    f16ToF32(new Uint16Array(this.#bytes.buffer, at, TOKEN_DIMS), this.#narrow);
    row.set(this.#narrow);
  }
}

function withGradient(cosine: number): number {
  return GRADIENT_FLOOR + (1 - GRADIENT_FLOOR) * cosine;
}

/** 0 to 1: the cosine of the row that begins at `from` in `rows` with `row`. */
function positive(rows: Float64Array, from: number, row: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let k = 0; k < TOKEN_DIMS; k += 4) {
    a += rows[from + k] * row[k];
    b += rows[from + k + 1] * row[k + 1];
    c += rows[from + k + 2] * row[k + 2];
    d += rows[from + k + 3] * row[k + 3];
  }
  const product = a + b + (c + d);
  return product > 0 ? Math.min(1, product) : 0;
}
