/**
 * Packing: samples of different lengths end to end in one batch, with what the kernels need to keep them apart. No
 * padding is computed, and nothing that a sample gives depends on its neighbours.
 */
import { longestBlock, planBlocks, scoreWork, BLOCK_WORDS } from '../kernels/attention.ts';
import { NO_ROW } from '../kernels/rows.ts';
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';

/** Token ids, and where the loss begins: ids from `promptLength` on are predicted. */
export interface TokenSequence {
  readonly inputIds: readonly number[];
  /** At least 1 and less than the number of ids. */
  readonly promptLength: number;
}

/** One sequence's place in a batch. Rows are token positions of the batch; loss rows count the predicted tokens. */
export interface Place {
  readonly start: number;
  readonly length: number;
  readonly promptLength: number;
  readonly lossStart: number;
  readonly lossCount: number;
}

/** A batch on the host. */
export interface PackedBatch {
  readonly rows: number;
  readonly places: readonly Place[];
  readonly ids: Uint32Array<ArrayBuffer>;
  readonly positions: Uint32Array<ArrayBuffer>;
  readonly blocks: Uint32Array<ArrayBuffer>;
  /** For each predicted token: the row that predicts it, and its id. */
  readonly lossRows: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
}

export function packBatch(sequences: readonly TokenSequence[]): PackedBatch {
  const rows = sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  const predicted = sequences.reduce(
    (sum, { inputIds, promptLength }) => sum + inputIds.length - promptLength,
    0,
  );
  const ids = new Uint32Array(rows);
  const positions = new Uint32Array(rows);
  const lossRows = new Uint32Array(predicted);
  const targets = new Uint32Array(predicted);
  const places: Place[] = [];
  let start = 0;
  let lossStart = 0;
  for (const { inputIds, promptLength } of sequences) {
    const length = inputIds.length;
    for (let i = 0; i < length; i++) {
      ids[start + i] = inputIds[i];
      positions[start + i] = i;
    }
    for (let i = promptLength; i < length; i++) {
      lossRows[lossStart + i - promptLength] = start + i - 1;
      targets[lossStart + i - promptLength] = inputIds[i];
    }
    places.push({ start, length, promptLength, lossStart, lossCount: length - promptLength });
    start += length;
    lossStart += length - promptLength;
  }
  const runs = places.map((place) => ({
    firstQuery: place.start,
    count: place.length,
    firstKey: place.start,
    visible: 0,
  }));
  return { rows, places, ids, positions, blocks: planBlocks(runs), lossRows, targets };
}

/** Rows that attend, on the GPU. */
export interface QueryRows {
  readonly rows: number;
  readonly positions: Tensor;
  readonly blocks: Tensor;
  /** `longestBlock` of them. */
  readonly longestBlock: number;
  /** `scoreWork` for a window, or without one. */
  readonly attentionWork: (window: number | undefined) => number;
}

/** What the blocks of a model need of a batch. */
export interface GpuBatch extends QueryRows {
  readonly ids: Tensor;
}

export function uploadBatch(recorder: Recorder, scope: Scope, packed: PackedBatch): GpuBatch {
  const ids = uploadWords(recorder, scope, packed.ids);
  return { ids, ...uploadQueries(recorder, scope, packed) };
}

/** @param rows their positions, and `planBlocks` of their runs */
export function uploadQueries(
  recorder: Recorder,
  scope: Scope,
  { positions, blocks }: Pick<PackedBatch, 'positions' | 'blocks'>,
): QueryRows {
  return {
    rows: positions.length,
    positions: uploadWords(recorder, scope, positions),
    blocks: uploadWords(recorder, scope, blocks, [blocks.length / BLOCK_WORDS, BLOCK_WORDS]),
    longestBlock: longestBlock(blocks),
    attentionWork: (window) => scoreWork(blocks, window),
  };
}

export function uploadWords(
  recorder: Recorder,
  scope: Scope,
  words: Uint32Array<ArrayBuffer>,
  shape: readonly number[] = [words.length],
): Tensor {
  const tensor = scope.take(shape, 'u32');
  recorder.upload(tensor, words);
  return tensor;
}

export function uploadFloats(
  recorder: Recorder,
  scope: Scope,
  floats: Float32Array<ArrayBuffer>,
  shape: readonly number[] = [floats.length],
): Tensor {
  const tensor = scope.take(shape);
  recorder.upload(tensor, floats);
  return tensor;
}

/** 1 / (response tokens of the sample) for each predicted token: each sample's loss is a mean, samples are added. */
export function meanOverResponses({ places, lossRows }: PackedBatch): Float32Array<ArrayBuffer> {
  const scale = new Float32Array(lossRows.length);
  for (const { lossStart, lossCount } of places) scale.fill(1 / lossCount, lossStart, lossStart + lossCount);
  return scale;
}

/** For each of `rows` rows the index at which it was selected, or NO_ROW. */
export function inverse(selected: Uint32Array, rows: number): Uint32Array<ArrayBuffer> {
  const places = new Uint32Array(rows).fill(NO_ROW);
  selected.forEach((row, i) => {
    places[row] = i;
  });
  return places;
}
