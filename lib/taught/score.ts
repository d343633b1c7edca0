/**
 * How much of what an output shows a sample taught, token against token (docs/method.md), in float64:
 *   likeness(i, j) = max(0, cos h_i h_j)² · (GRADIENT_FLOOR + (1 - GRADIENT_FLOOR) · max(0, cos g_i g_j))
 *   s = Σ_i w̃_i · max_j [ v_j · likeness(i, j) ],   w̃ = w / Σw over the output's tokens,   v = min(w, WEIGHT_CAP) / WEIGHT_CAP
 * in which the w of the output's tokens are weighed by their rarity before (rarity.ts). Of score 2,
 * s · (2 + max(0, cos h_p) + max(0, cos g_p)) ranks; of score 3 s itself, to which p adds as one more token with v = 1
 * (beginning.ts). Rows are of unit length, so their products are the cosines; what float16's rounding puts over 1 counts as 1, so
 * that s is never more than 1.
 */
import { GRADIENT_FLOOR, TOKEN_DIMS, WEIGHT_CAP } from './constants.ts';
import type { Beginning, Lesson, ProjectedRows, TaughtToken } from './lesson.ts';

/** A token of the output, with the token of the sample that is most like it; or p of both. */
export interface TokenPair {
  readonly outputPosition: number;
  readonly samplePosition: number;
  /** Its part of s, above 0. */
  readonly weight: number;
}

export interface LessonScore {
  /** 0 to 1; 0 when nothing of either can meet. */
  readonly score: number;
  /** Each token of the output in at most one of them; strongest first, MAX_EVIDENCE at most. */
  readonly evidence: readonly TokenPair[];
}

export const MAX_EVIDENCE = 16;

export interface WeighedBeginning extends Beginning {
  readonly weight: number;
}

/** An output as it is held against samples. Only what weights are to one another counts. */
export interface WeighedOutput {
  readonly tokens: readonly TaughtToken[];
  /** null: p does not count. */
  readonly beginning: WeighedBeginning | null;
}

/** 0 to 1. */
export function tokenLikeness(a: ProjectedRows, b: ProjectedRows): number {
  const hidden = cosine(a.hidden, 0, b.hidden);
  return hidden * hidden * withGradient(cosine(a.gradient, 0, b.gradient));
}

/**
 * What multiplies s in score 2: 2 to 4. A place that is unlike is no evidence against what was taught there, so that cosines below 0 count
 * as 0. One that means nothing, as that of h_p without a prompt, is given as 0.
 */
export function placeFactor(hiddenCosine: number, gradientCosine: number): number {
  return 2 + Math.max(0, hiddenCosine) + Math.max(0, gradientCosine);
}

export function lessonScore(query: readonly TaughtToken[], sample: readonly TaughtToken[]): LessonScore {
  return new LessonQuery(query).explain({ tokens: sample, beginning: null });
}

/** The sum of all weights, over which each is its share. */
export function weightOf({ tokens, beginning }: WeighedOutput): number {
  return tokens.reduce((sum, { weight }) => sum + weight, 0) + (beginning?.weight ?? 0);
}

/** One output's tokens, laid out so that thousands of samples can be scored against them. Not for use by two at once. */
export class LessonQuery {
  readonly #positions: readonly number[];
  /** w̃ */
  readonly #shares: Float64Array;
  /** Row after row. Float64, since widening float32 takes longer than the products. */
  readonly #hidden: Float64Array;
  readonly #gradient: Float64Array;
  /** Of the sample looked at, for each of the tokens: the largest v · likeness, and the sample's token that has it. */
  readonly #largest: Float64Array;
  readonly #partner: Int32Array;
  readonly #beginning: WeighedBeginning | null;
  /** Of p. */
  readonly #share: number;

  constructor(tokens: readonly TaughtToken[], beginning: WeighedBeginning | null = null) {
    const total = weightOf({ tokens, beginning });
    this.#beginning = beginning;
    this.#share = beginning !== null && total > 0 ? beginning.weight / total : 0;
    this.#positions = tokens.map(({ position }) => position);
    this.#shares = Float64Array.from(tokens, ({ weight }) => (total > 0 ? weight / total : 0));
    this.#hidden = rowAfterRow(tokens.map(({ hidden }) => hidden));
    this.#gradient = rowAfterRow(tokens.map(({ gradient }) => gradient));
    this.#largest = new Float64Array(tokens.length);
    this.#partner = new Int32Array(tokens.length);
  }

  /** s. */
  score({ tokens, beginning }: Lesson): number {
    const largest = this.largest(tokens);
    let score = 0;
    for (let i = 0; i < largest.length; i++) score += this.#shares[i] * largest[i];
    return score + this.#atBeginning(beginning);
  }

  explain(lesson: Lesson): LessonScore {
    const { tokens: sample, beginning } = lesson;
    const score = this.score(lesson);
    const evidence: TokenPair[] = [];
    const weight = this.#atBeginning(beginning);
    if (weight > 0 && this.#beginning !== null && beginning !== null) {
      const [outputPosition, samplePosition] = [this.#beginning.position, beginning.position];
      evidence.push({ outputPosition, samplePosition, weight });
    }
    for (const [i, outputPosition] of this.#positions.entries()) {
      const weight = this.#shares[i] * this.#largest[i];
      if (weight > 0) {
        evidence.push({ outputPosition, samplePosition: sample[this.#partner[i]].position, weight });
      }
    }
    return { score, evidence: strongest(evidence) };
  }

  /** What p adds to s. */
  #atBeginning(beginning: Beginning | null): number {
    if (this.#beginning === null || beginning === null) return 0;
    return this.#share * tokenLikeness(this.#beginning, beginning);
  }

  /** max_j [ v_j · likeness ] of each token; of equals the first is its partner. Overwritten by the next sample. */
  largest(sample: readonly TaughtToken[]): Readonly<Float64Array> {
    const largest = this.#largest.fill(0);
    const hiddenRows = this.#hidden;
    const gradientRows = this.#gradient;
    for (const [j, { weight, hidden, gradient }] of sample.entries()) {
      const v = Math.min(weight, WEIGHT_CAP) / WEIGHT_CAP;
      // A copy in float64, once for all tokens of the output.
      const sampleHidden = new Float64Array(hidden);
      let sampleGradient: Float64Array | undefined;
      for (let i = 0; i < largest.length; i++) {
        const cosHidden = cosine(hiddenRows, i * TOKEN_DIMS, sampleHidden);
        // The gradient's factor is 1 at most: where that is too little, it need not be known.
        if (v * cosHidden * cosHidden <= largest[i]) continue;
        sampleGradient ??= new Float64Array(gradient);
        const factor = withGradient(cosine(gradientRows, i * TOKEN_DIMS, sampleGradient));
        const weighed = v * cosHidden * cosHidden * factor;
        if (weighed <= largest[i]) continue;
        largest[i] = weighed;
        this.#partner[i] = j;
      }
    }
    return largest;
  }
}

/** Strongest first, ties by the output's position; MAX_EVIDENCE at most. */
export function strongest<T extends TokenPair>(pairs: readonly T[]): T[] {
  return [...pairs]
    .sort((a, b) => b.weight - a.weight || a.outputPosition - b.outputPosition)
    .slice(0, MAX_EVIDENCE);
}

function withGradient(cosGradient: number): number {
  return GRADIENT_FLOOR + (1 - GRADIENT_FLOOR) * cosGradient;
}

/** 0 to 1. Product of the row that begins at `at` in `rows` with `row`, of TOKEN_DIMS numbers each. */
function cosine(rows: Float64Array | Float32Array, at: number, row: Float64Array | Float32Array): number {
  // Four sums, since each addition waits for the one before it in the same sum.
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let k = 0; k < TOKEN_DIMS; k += 4) {
    first += rows[at + k] * row[k];
    second += rows[at + k + 1] * row[k + 1];
    third += rows[at + k + 2] * row[k + 2];
    fourth += rows[at + k + 3] * row[k + 3];
  }
  const product = first + second + (third + fourth);
  return product > 0 ? Math.min(1, product) : 0;
}

function rowAfterRow(rows: readonly Float32Array[]): Float64Array {
  const flat = new Float64Array(rows.length * TOKEN_DIMS);
  rows.forEach((row, i) => {
    flat.set(row, i * TOKEN_DIMS);
  });
  return flat;
}
