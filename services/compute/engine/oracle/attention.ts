/**
 * Causal attention with grouped queries (Ainslie et al., arXiv 2305.13245), softmax taken exactly.
 * q [Nq, heads * headDim], k and v [Nk, kvHeads * headDim], out as q, lse [Nq, heads]. Query head h reads
 * key/value head floor(h * kvHeads / heads).
 *
 * Who attends to whom is a list of blocks: row queryStart + i of a block attends to key rows
 * keyStart … keyStart + firstPosition + i (and, with a sliding window, only to the last `window` of these).
 * A packed batch is one block a sequence with firstPosition 0 (`causalBlocks`); decoding with a key/value cache
 * is a block of few queries whose firstPosition is the number of tokens already cached.
 *
 *   s[i, j] = scale * q[i] · k[j],  lse[i] = ln sum_j exp(s[i, j]),  p = exp(s - lse),  out[i] = sum_j p v[j]
 * Backward (Dao et al., FlashAttention, arXiv 2205.14135, appendix B), with delta[i] = dout[i] · out[i]:
 *   dv[j] += p[i, j] dout[i];  ds = p[i, j] (dout[i] · v[j] - delta[i]);
 *   dq[i] += ds scale k[j];  dk[j] += ds scale q[i]
 * With a soft cap, s is softcap(scale * q[i] · k[j]) and ds is multiplied by its slope there.
 * Rows that no block names keep zeros (and an lse of 0).
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { type Numbers, checkShape, dot } from './numbers.ts';
import { softcap, softcapSlope } from './softcap.ts';

export interface AttentionBlock {
  /** first row of q */
  readonly queryStart: number;
  /** number of query rows */
  readonly count: number;
  /** row of k and v that holds position 0 of this sequence */
  readonly keyStart: number;
  /** position of the first query row within its sequence */
  readonly firstPosition: number;
}

export interface AttentionForward {
  readonly q: Numbers;
  readonly k: Numbers;
  readonly v: Numbers;
  readonly queryRows: number;
  readonly keyRows: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly blocks: readonly AttentionBlock[];
  /** how many keys a query sees at most, itself included (Mistral's sliding window); all of them if absent */
  readonly window?: number | undefined;
  /** what scores are multiplied by; 1 / sqrt(headDim) if absent */
  readonly scale?: number | undefined;
  /** the soft cap of scores; none if absent */
  readonly softcap?: number | undefined;
}

export interface AttentionBackward extends AttentionForward {
  /** dL/dout [Nq, heads * headDim] */
  readonly dOut: Numbers;
}

export interface AttentionResult {
  /** [Nq, heads * headDim] */
  readonly out: Float64Array;
  /** [Nq, heads], natural logarithm, of the scaled scores */
  readonly lse: Float64Array;
}

export interface AttentionGradients {
  readonly dq: Float64Array;
  readonly dk: Float64Array;
  readonly dv: Float64Array;
}

/** The blocks of a packed batch: each sequence attends to itself. */
export function causalBlocks(starts: readonly number[]): AttentionBlock[] {
  return starts.slice(1).map((end, b) => ({
    queryStart: starts[b],
    count: end - starts[b],
    keyStart: starts[b],
    firstPosition: 0,
  }));
}

function checkOperands(options: AttentionForward): void {
  const { q, k, v, queryRows, keyRows, heads, kvHeads, headDim, blocks } = options;
  checkShape('q', q, queryRows, heads, headDim);
  checkShape('k', k, keyRows, kvHeads, headDim);
  checkShape('v', v, keyRows, kvHeads, headDim);
  for (const { queryStart, count, keyStart, firstPosition } of blocks) {
    if (queryStart + count <= queryRows && keyStart + firstPosition + count <= keyRows) continue;
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `An attention block of ${count} queries from row ${queryStart}, with keys from row ${keyStart} and first ` +
        `position ${firstPosition}, leaves q [${queryRows} rows] or k and v [${keyRows} rows].`,
      'Make the blocks from the same lengths as q, k and v.',
    );
  }
}

/** One query row of one head with the keys it sees: where they are, and how much each weighs. */
interface Row {
  /** row of q times heads, plus the head: the index into lse */
  readonly index: number;
  /** offset of the query in q and out */
  readonly query: number;
  /** offsets of the seen keys in k and v */
  readonly keys: readonly number[];
  /** p[j] for each of `keys` */
  readonly weights: readonly number[];
  /** d score / d (uncapped score) for each of `keys` */
  readonly slopes: readonly number[];
  readonly lse: number;
}

function scaleOf({ headDim, scale = 1 / Math.sqrt(headDim) }: AttentionForward): number {
  return scale;
}

function* rowsOf(options: AttentionForward): Generator<Row> {
  const { q, k, heads, kvHeads, headDim, blocks, window = Infinity, softcap: cap } = options;
  const scale = scaleOf(options);
  for (const { queryStart, count, keyStart, firstPosition } of blocks) {
    for (let i = 0; i < count; i++) {
      const last = keyStart + firstPosition + i;
      const first = Math.max(keyStart, last - window + 1);
      for (let h = 0; h < heads; h++) {
        const index = (queryStart + i) * heads + h;
        const query = index * headDim;
        const kvHead = Math.floor((h * kvHeads) / heads);
        const keys: number[] = [];
        for (let j = first; j <= last; j++) keys.push((j * kvHeads + kvHead) * headDim);
        const raw = keys.map((key) => dot(q, query, k, key, headDim) * scale);
        const scores = raw.map((z) => softcap(z, cap));
        const slopes = raw.map((z) => softcapSlope(z, cap));
        const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
        const lse = largest + Math.log(scores.reduce((sum, s) => sum + Math.exp(s - largest), 0));
        yield { index, query, keys, weights: scores.map((s) => Math.exp(s - lse)), slopes, lse };
      }
    }
  }
}

export function attentionForward(options: AttentionForward): AttentionResult {
  checkOperands(options);
  const { v, queryRows, heads, headDim } = options;
  const out = new Float64Array(queryRows * heads * headDim);
  const lseOut = new Float64Array(queryRows * heads);
  for (const { index, query, keys, weights, lse } of rowsOf(options)) {
    lseOut[index] = lse;
    for (const [j, key] of keys.entries()) {
      for (let d = 0; d < headDim; d++) out[query + d] += weights[j] * v[key + d];
    }
  }
  return { out, lse: lseOut };
}

export function attentionBackward(options: AttentionBackward): AttentionGradients {
  checkOperands(options);
  const { q, k, v, dOut, queryRows, heads, headDim } = options;
  checkShape('dOut', dOut, queryRows, heads, headDim);
  const dq = new Float64Array(q.length);
  const dk = new Float64Array(k.length);
  const dv = new Float64Array(v.length);
  const scale = scaleOf(options);
  for (const { query, keys, weights, slopes } of rowsOf(options)) {
    // dL/dp of every key; its mean under p is delta = dout · out
    const dWeights = keys.map((key) => dot(dOut, query, v, key, headDim));
    const delta = dWeights.reduce((sum, dp, j) => sum + weights[j] * dp, 0);
    for (const [j, key] of keys.entries()) {
      const ds = weights[j] * (dWeights[j] - delta) * slopes[j] * scale;
      for (let d = 0; d < headDim; d++) {
        dq[query + d] += ds * k[key + d];
        dk[key + d] += ds * q[query + d];
        dv[key + d] += weights[j] * dOut[query + d];
      }
    }
  }
  return { dq, dk, dv };
}
