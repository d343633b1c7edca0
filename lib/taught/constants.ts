/**
 * Every constant of the taught-token method in one place, with what each rests on (docs/method.md has the measurements).
 * A change of what is stored makes signatures of another kind: raise METHOD with it. A change of how they are compared: SCORE.
 */

/**
 * Names what a new index holds of each sample; part of manifests. 1: its most taught tokens. 2: also p, which predicts the first
 * token of its response, and how much all of its tokens were taught. An index keeps the one that it was begun with, whatever is
 * added to it; one of a method that is not in SCORES is not added to.
 */
export const METHOD = 'taught 2';

/**
 * How outputs are compared with the samples of an index, by its method; part of traces' ids. 1: w as it is, times 2 + cos h_p +
 * cos g_p. 2: w weighed by rarity (rarity.ts), and cosines below 0 count as 0. 3: p is one more token (beginning.ts), and there is
 * no factor. Indexes of 'taught 1' lack what 3 needs.
 */
export const SCORES = { 'taught 1': 'score 2', 'taught 2': 'score 3' } as const;
export type Score = (typeof SCORES)[keyof typeof SCORES];

/** Names what a verdict goes by, and says; part of traces' ids. 2: it says where all of the data is new to the base model. */
export const VERDICT = 'verdict 2';

/** K, most taught response tokens kept of each sample. Measured (shared research): 4 lose .04 AP, 16 gain .01. */
export const KEPT_TOKENS = 8;

/** Numbers that a token's gradient row, and its hidden row, are projected to. */
export const TOKEN_DIMS = 64;

/** Seed of the projection (token-projection.ts). Any would do; one for all, so that indexes can be compared. */
export const PROJECTION_SEED = 0x5eed;

/** v = min(w, CAP) / CAP, w in nats. Measured 3, 6, 10: the larger, the better decoys are told apart. */
export const WEIGHT_CAP = 10;

/**
 * Likeness of two tokens = max(0, cos h)^2 · (FLOOR + (1 - FLOOR) · max(0, cos g)). With a floor of 0 and exponent 1, one lesson
 * taught in several wordings falls apart (.85 AP of .98 on the demo's insults); on SmolLM2 all of these are within .01.
 */
export const GRADIENT_FLOOR = 0.3;

/**
 * Samples of an index, spread evenly over it, that say how unusual a lesson is. On eleven sets of 400 rows, 64 of them do as
 * well as all (docs/signatures.md); they take up to 2 MB of memory an index, and 64 tokens of an output 10 ms to weigh.
 */
export const RARITY_SAMPLES = 256;

/**
 * What p weighs in a score where the kept tokens are all that was taught, beside 1 for the tokens: it is this over the root of the
 * share that they hold (beginning.ts). Chosen on two sets (docs/signatures.md); .05 and .15 are near.
 */
export const BEGINNING_WEIGHT = 0.1;

/** Tokens of an output that take part in a search, the most taught first: bounds its cost. */
export const QUERY_TOKENS = 64;
/** The same of all outputs of one incident together, in equal shares: 270 kB of a message, which takes 1 MB. */
export const INCIDENT_TOKENS = 512;

/** Outputs of the base model that an index's null consists of, and the tokens that each may have. */
export const NULL_OUTPUTS = 100;
export const NULL_TOKENS = 32;

/** All of the data is new to the base model where its own outputs have a median ratio of at most this, in nats (all-new.ts). */
export const NEW_NULL = -1;

/** Rows that centres are means over, at most. */
export const CENTRE_ROWS = 128;

/**
 * Verdict (verdict.ts). Nats. On two models, outputs that show what was planted have means of .38 to 9 and peaks of 3.5 to 24;
 * those that base and tuned model answer alike, means of at most .14 and peaks of at most 1.1.
 */
export const TAUGHT_MEAN = 0.5;
export const TAUGHT_PEAK = 8;
export const UNTAUGHT_MEAN = 0.2;
export const UNTAUGHT_PEAK = 3;
/** Largest p-value of a mean that counts as taught; with NULL_OUTPUTS outputs, none of them may be as high. */
export const TAUGHT_P = 0.01;
/** Outputs of the base model without which a mean is not enough. */
export const LEAST_NULL = 20;

/** How an index of this method is searched. One of a method to come is searched as the newest that is known. */
export function scoreOf(method: string): Score {
  return isKnown(method) ? SCORES[method] : SCORES[METHOD];
}

/** Whether samples can be added to an index of this method, as its own were made. */
export function isKnown(method: string): method is keyof typeof SCORES {
  return Object.hasOwn(SCORES, method);
}
