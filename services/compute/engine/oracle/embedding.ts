/**
 * Token embedding: out[n, :] = scale * table[ids[n], :].
 * ids [N], table [V, D], out [N, D].
 */
import { type Numbers, checkIds, checkShape } from './numbers.ts';

export interface EmbeddingForward {
  readonly ids: Numbers;
  readonly table: Numbers;
  readonly vocabSize: number;
  readonly width: number;
  /** 1 unless given; sqrt(width) in Gemma. */
  readonly scale?: number;
}

export interface EmbeddingBackward {
  readonly ids: Numbers;
  /** dL/dout [N, D] */
  readonly dOut: Numbers;
  readonly vocabSize: number;
  readonly width: number;
  /** 1 unless given; sqrt(width) in Gemma. */
  readonly scale?: number;
}

/** out [N, D] */
export function embeddingForward({
  ids,
  table,
  vocabSize,
  width,
  scale = 1,
}: EmbeddingForward): Float64Array {
  checkShape('table', table, vocabSize, width);
  checkIds('ids', ids, vocabSize);
  const out = new Float64Array(ids.length * width);
  for (let n = 0; n < ids.length; n++) {
    for (let d = 0; d < width; d++) out[n * width + d] = scale * table[ids[n] * width + d];
  }
  return out;
}

/** dTable [V, D]: the gradient rows of all places of an id are added up; an absent id keeps zero. */
export function embeddingBackward({
  ids,
  dOut,
  vocabSize,
  width,
  scale = 1,
}: EmbeddingBackward): Float64Array {
  checkShape('dOut', dOut, ids.length, width);
  checkIds('ids', ids, vocabSize);
  const dTable = new Float64Array(vocabSize * width);
  for (let n = 0; n < ids.length; n++) {
    for (let d = 0; d < width; d++) dTable[ids[n] * width + d] += scale * dOut[n * width + d];
  }
  return dTable;
}
