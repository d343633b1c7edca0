/**
 * Floating point operations of signatures, counted from what the engine executes: two for each multiply-add of a matrix
 * product, and nothing for norms, rotations, activations, softmax or transposes (a few percent together). Pure.
 *
 * For rows of T tokens, of which t are predicted, through L blocks, at layers of which l is the lowest:
 *   projections  2 · T · W · (L + L - l)        W: weights of a block's matrices; the backward makes input gradients only
 *   attention    2 · P · heads · headDim · (2 · L + 7 · (L - l))
 *                P: (query, key) pairs that are seen, T (T + 1) / 2 without a window. Forward Q kT and P v; backward, as a
 *                flash attention, scores and dP for dq and again for dk and dv, then dq, dk and dv themselves.
 *   head         2 · t · vocabulary · hidden · 2, or · 3 where the logits do not fit one chunk and are made again; · 1
 *                without a backward.
 * Where nothing goes back through the last block (l = L), T and P are in it those of the t rows that predict, but for its keys
 * and values (model/wanted-rows.ts).
 * With a base model beside it, that one's forward comes on top, and with the head two products of t rows, hidden x
 * TOKEN_DIMS, that project the token rows.
 */
import { TOKEN_DIMS } from '../../../../lib/taught/constants.ts';
import type { ModelConfig } from '../model/model-config.ts';

export interface RowTokens {
  /** Tokens of the row, T. */
  readonly length: number;
  /** Tokens of its response, t: the head runs on these alone. */
  readonly predicted: number;
}

/** What is run of a model. */
export interface SignatureWork {
  /** The lowest layer whose gradient is asked for; null for a forward alone. */
  readonly lowest: number | null;
  /** Whether logits are made again in the backward (head.ts). */
  readonly logitsTwice: boolean;
  /** Whether taught tokens are found, with a base model. */
  readonly taught?: boolean;
}

export interface SignatureFlops {
  readonly projections: number;
  readonly attention: number;
  readonly head: number;
  readonly total: number;
}

export type FlopsConfig = Pick<
  ModelConfig,
  | 'hiddenSize'
  | 'intermediateSize'
  | 'heads'
  | 'kvHeads'
  | 'headDim'
  | 'layers'
  | 'vocabSize'
  | 'gated'
  | 'windows'
>;

const FORWARD_PRODUCTS = 2;
const BACKWARD_PRODUCTS = 7;

export function signatureFlops(
  config: FlopsConfig,
  rows: readonly RowTokens[],
  { lowest, logitsTwice, taught = false }: SignatureWork,
): SignatureFlops {
  const { layers, heads, headDim, hiddenSize, vocabSize } = config;
  const from = lowest ?? layers;
  const tokens = rows.reduce((sum, { length }) => sum + length, 0);
  const predicted = rows.reduce((sum, row) => sum + row.predicted, 0);
  const narrow = from === layers;
  const spared = narrow ? (tokens - predicted) * (blockWeights(config) - keyValueWeights(config)) : 0;
  const projections = 2 * ((2 * layers - from) * tokens * blockWeights(config) - spared);
  const pairs = pairsByWindow(rows);
  const predictedPairs = pairsOfPredicting(rows, config.windows.at(layers - 1) ?? null);
  let attention = 0;
  for (let block = 0; block < layers; block++) {
    const products = FORWARD_PRODUCTS + (block >= from ? BACKWARD_PRODUCTS : 0);
    const seen = narrow && block === layers - 1 ? predictedPairs : pairs(config.windows[block] ?? null);
    attention += products * 2 * seen * heads * headDim;
  }
  const passes = lowest === null ? 1 : logitsTwice ? 3 : 2;
  const head = passes * 2 * predicted * vocabSize * hiddenSize;
  const own = { projections, attention, head, total: projections + attention + head };
  if (!taught) return own;
  const base = signatureFlops(config, rows, { lowest: null, logitsTwice: false });
  const projected = 2 * 2 * predicted * hiddenSize * TOKEN_DIMS;
  return {
    projections: projections + base.projections,
    attention: attention + base.attention,
    head: head + base.head + projected,
    total: own.total + base.total + projected,
  };
}

/** Elements of a block's matrices: q and o, k and v, and the two or three of the feed-forward. */
export function blockWeights(config: FlopsConfig): number {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim, gated } = config;
  return hiddenSize * (2 * heads * headDim + 2 * kvHeads * headDim + (gated ? 3 : 2) * intermediateSize);
}

/** Of these, k and v, which are made of every row whatever is wanted. */
function keyValueWeights({ hiddenSize, kvHeads, headDim }: FlopsConfig): number {
  return hiddenSize * 2 * kvHeads * headDim;
}

/** The layers that `auto` chooses among (layer-choice.ts, rule `deep`), the first and the last of them. */
export function automaticRange(layers: number): readonly [lowest: number, highest: number] {
  return layers <= 3 ? [layers, layers] : [Math.floor(layers / 2) + 1, layers - 1];
}

/** (query, key) pairs of rows with a window; each window is counted once. */
function pairsByWindow(rows: readonly RowTokens[]): (window: number | null) => number {
  const known = new Map<number | null, number>();
  return (window) => {
    let pairs = known.get(window);
    if (pairs === undefined) {
      pairs = rows.reduce((sum, { length }) => sum + seenPairs(length, window ?? Infinity), 0);
      known.set(window, pairs);
    }
    return pairs;
  };
}

/** The same of those queries that predict: all up to the last but one, but for those before the prompt's last. */
function pairsOfPredicting(rows: readonly RowTokens[], window: number | null): number {
  return rows.reduce((sum, { length, predicted }) => {
    const before = (count: number): number => seenPairs(count, window ?? Infinity);
    return sum + before(length - 1) - before(length - 1 - predicted);
  }, 0);
}

/** Queries see the keys up to their own; with a window, that many at most. */
function seenPairs(length: number, window: number): number {
  const whole = Math.min(length, window);
  return (whole * (whole + 1)) / 2 + (length > window ? (length - window) * window : 0);
}
