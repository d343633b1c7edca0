/**
 * Signatures: for each sample the hidden state and the gradient of its mean response loss at p = promptLength - 1, at the
 * asked layers (RepT, arXiv 2510.02334). One forward through all blocks and one backward down to the lowest asked layer:
 * gradients of activations only, and nothing kept below that layer.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { Scope } from '../device/arena.ts';
import type { Tensor } from '../device/tensor.ts';
import { nllFromStats } from '../kernels/cross-entropy.ts';
import { gather } from '../kernels/rows.ts';
import * as tokenScoresKernel from '../kernels/token-scores.ts';
import {
  inverse,
  packBatch,
  uploadBatch,
  uploadFloats,
  uploadWords,
  type GpuBatch,
  type PackedBatch,
} from '../model/batch.ts';
import { norm, type BlockContext, type BlockTape } from '../model/block.ts';
import { headBackward, headForward, type HeadTape } from '../model/head.ts';
import type { Llama } from '../model/llama.ts';
import { adjacentCosine } from './layer-choice.ts';
import { checkSample, type Sample } from './sample.ts';

export interface SignatureOptions {
  /** Layers 0 … L, numbered as Hugging Face hidden states. */
  readonly layers: readonly number[];
  /** Also the cosines of adjacent hidden states at p, for the choice of a layer. */
  readonly curve?: boolean;
  /** Also the gradient at every position. */
  readonly tokenGradients?: boolean;
  /** Also the hidden state at every position. */
  readonly allPositions?: boolean;
  /** Also token scores against a query: by layer, the sum of the query's unit gradient rows [hiddenSize]. */
  readonly queries?: ReadonlyMap<number, Float32Array<ArrayBuffer>> | undefined;
}

/** What a sample has at one layer. Vectors [hiddenSize]; matrices row-major by position. */
export interface LayerSignature {
  readonly hidden: Float32Array;
  readonly gradient: Float32Array;
  readonly tokenGradients?: Float32Array;
  readonly hiddenAll?: Float32Array;
  readonly tokenScores?: Float32Array;
}

export interface Signature {
  readonly sample: Sample;
  /** Mean cross-entropy over the response tokens, in nats. */
  readonly loss: number;
  /** -log p of each response token. */
  readonly nll: Float64Array;
  readonly layers: ReadonlyMap<number, LayerSignature>;
  readonly adjacentCosine?: readonly number[];
}

/** A sample's signature, or why it has none. */
export type SignatureResult = Signature | { readonly sample: Sample; readonly error: ReptraceError };

/** Throws LAYER_NOT_FOUND unless every layer is a whole number from 0 to L. */
export function checkLayers(layers: readonly number[], model: Llama): void {
  const last = model.config.layers;
  const bad = layers.find((layer) => !Number.isInteger(layer) || layer < 0 || layer > last);
  if (bad === undefined) return;
  throw new ReptraceError(
    'LAYER_NOT_FOUND',
    `there is no layer ${bad}: the model has the layers 0 (embedding) to ${last} (after the final norm)`,
    `Ask for layers between 0 and ${last}.`,
  );
}

/** Signatures of one packed batch, in the order of the samples. Samples that the model cannot take throw. */
export async function signaturesOfBatch(
  model: Llama,
  samples: readonly Sample[],
  options: SignatureOptions,
): Promise<SignatureResult[]> {
  checkLayers(options.layers, model);
  for (const sample of samples) checkSample(sample, model.config);
  if (samples.length === 0) return [];
  const scope = model.arena.scope();
  try {
    return await new BatchRun(model, scope, samples, options).run();
  } finally {
    scope.end();
  }
}

/** One batch on its way through the model; collects what is to be read back. */
class BatchRun {
  readonly #model: Llama;
  readonly #scope: Scope;
  readonly #samples: readonly Sample[];
  readonly #options: SignatureOptions;
  readonly #packed: PackedBatch;
  readonly #context: BlockContext;
  readonly #width: number;
  readonly #last: number;
  /** Layers whose hidden state at p is kept: all for the curve, else those asked for. */
  readonly #hiddenLayers: readonly number[];
  /** p of each sample, as rows of the batch, and as rows of those that predict. */
  readonly #pRows: Tensor;
  readonly #pLossRows: Tensor;
  readonly #hidden: Tensor;
  readonly #gradient: Tensor;
  readonly #hiddenAll = new Map<number, Tensor>();
  readonly #gradientAll = new Map<number, Tensor>();
  readonly #scores = new Map<number, Tensor>();

  constructor(model: Llama, scope: Scope, samples: readonly Sample[], options: SignatureOptions) {
    this.#model = model;
    this.#scope = scope;
    this.#samples = samples;
    this.#options = { ...options, layers: [...new Set(options.layers)].sort((a, b) => a - b) };
    this.#packed = packBatch(samples);
    const { places } = this.#packed;
    this.#context = model.context(scope, Math.max(...places.map(({ length }) => length)));
    this.#width = model.config.hiddenSize;
    this.#last = model.config.layers;
    this.#hiddenLayers =
      options.curve === true
        ? Array.from({ length: this.#last + 1 }, (_, layer) => layer)
        : this.#options.layers;
    const { recorder } = model;
    this.#pRows = uploadWords(
      recorder,
      scope,
      Uint32Array.from(places, (place) => place.start + place.promptLength - 1),
    );
    this.#pLossRows = uploadWords(
      recorder,
      scope,
      Uint32Array.from(places, ({ lossStart }) => lossStart),
    );
    this.#hidden = scope.take([this.#hiddenLayers.length * samples.length, this.#width]);
    this.#gradient = scope.take([this.#options.layers.length * samples.length, this.#width]);
  }

  async run(): Promise<SignatureResult[]> {
    const { recorder } = this.#model;
    const batch = uploadBatch(recorder, this.#scope, this.#packed);
    const tapeFrom = Math.min(this.#last, ...this.#options.layers);
    const { x, tapes } = await this.#model.forward(this.#context, batch, {
      tapeFrom,
      onHidden: (layer, hidden) => {
        if (layer < this.#last) this.#keepHidden(layer, hidden);
      },
    });
    const head = await this.#head(x);
    if (this.#options.layers.length > 0) await this.#backward(batch, head, tapes);
    return this.#collect(head);
  }

  async #head(x: Tensor): Promise<HeadTape> {
    const { recorder, weights } = this.#model;
    const rows = uploadWords(recorder, this.#scope, this.#packed.lossRows);
    const targets = uploadWords(recorder, this.#scope, this.#packed.targets);
    const predicting = this.#scope.take([this.#packed.lossRows.length, this.#width]);
    gather(recorder, { source: x, indices: rows, out: predicting });
    if (this.#options.allPositions === true && this.#options.layers.includes(this.#last)) {
      this.#hiddenAll.set(this.#last, norm(this.#context, weights.norm, x)[0]);
    }
    this.#scope.give(x);
    const head = await headForward(this.#context, weights, predicting, targets);
    const slot = this.#hiddenLayers.indexOf(this.#last);
    if (slot >= 0) this.#gatherInto(this.#hidden, slot, head.normed, this.#pLossRows);
    return head;
  }

  async #backward(batch: GpuBatch, head: HeadTape, tapes: readonly BlockTape[]): Promise<void> {
    const { recorder, weights } = this.#model;
    const scale = uploadFloats(recorder, this.#scope, meanOverResponses(this.#packed));
    const { dnormed, dx } = await headBackward(this.#context, weights, head, scale);
    const toAll = uploadWords(recorder, this.#scope, inverse(this.#packed.lossRows, this.#packed.rows));
    const spread = (rows: Tensor): Tensor => {
      const all = this.#scope.take([this.#packed.rows, this.#width]);
      gather(recorder, { source: rows, indices: toAll, out: all });
      return all;
    };
    if (this.#options.layers.includes(this.#last)) {
      this.#gatherInto(this.#gradient, this.#options.layers.indexOf(this.#last), dnormed, this.#pLossRows);
      if (this.#wantsAllGradients()) this.#keepAllGradients(this.#last, spread(dnormed));
    }
    if (tapes.length === 0) return;
    await this.#model.backward(this.#context, batch, tapes, spread(dx), {
      onGradient: (layer, gradient) => {
        const slot = this.#options.layers.indexOf(layer);
        if (slot < 0) return;
        this.#gatherInto(this.#gradient, slot, gradient, this.#pRows);
        if (this.#wantsAllGradients()) this.#keepAllGradients(layer, gradient);
      },
    });
  }

  #keepHidden(layer: number, hidden: Tensor): void {
    const slot = this.#hiddenLayers.indexOf(layer);
    if (slot >= 0) this.#gatherInto(this.#hidden, slot, hidden, this.#pRows);
    if (this.#options.allPositions === true && this.#options.layers.includes(layer)) {
      this.#hiddenAll.set(layer, this.#copy(hidden));
    }
  }

  #wantsAllGradients(): boolean {
    return this.#options.tokenGradients === true || this.#options.queries !== undefined;
  }

  #keepAllGradients(layer: number, gradient: Tensor): void {
    if (this.#options.tokenGradients === true) this.#gradientAll.set(layer, this.#copy(gradient));
    const query = this.#options.queries?.get(layer);
    if (query === undefined) return;
    const scores = this.#scope.take([this.#packed.rows]);
    const { recorder } = this.#model;
    tokenScoresKernel.forward(recorder, {
      g: gradient,
      query: uploadFloats(recorder, this.#scope, query),
      scores,
    });
    this.#scores.set(layer, scores);
  }

  #gatherInto(out: Tensor, slot: number, source: Tensor, indices: Tensor): void {
    gather(this.#model.recorder, { source, indices, out, outRow: slot * this.#samples.length });
  }

  #copy(tensor: Tensor): Tensor {
    const copy = this.#scope.take(tensor.shape);
    this.#model.recorder.copy(tensor.buffer, 0, copy.buffer, 0, this.#packed.rows * this.#width * 4);
    return copy;
  }

  /** One transfer for everything, cut up by sample. */
  async #collect(head: HeadTape): Promise<SignatureResult[]> {
    const maps = [this.#hiddenAll, this.#gradientAll, this.#scores];
    const [stats, hidden, gradient, ...rest] = await this.#model.recorder.readFloats([
      head.stats,
      this.#hidden,
      this.#gradient,
      ...maps.flatMap((map) => [...map.values()]),
    ]);
    if (stats === undefined || hidden === undefined || gradient === undefined)
      throw new Error('nothing was read back');
    const [hiddenAll, gradientAll, scores] = maps.map(
      (map) => new Map([...map.keys()].map((layer) => [layer, rest.shift() ?? new Float32Array()] as const)),
    );
    const nll = nllFromStats(stats);
    const row = (rows: Float32Array, slot: number, i: number): Float32Array => {
      const at = (slot * this.#samples.length + i) * this.#width;
      return rows.slice(at, at + this.#width);
    };
    return this.#samples.map((sample, i) => {
      const place = this.#packed.places[i];
      if (place === undefined) throw new Error(`sample ${sample.name} has no place in its batch`);
      const { start, length, lossStart, lossCount } = place;
      const positions = (rows: Float32Array | undefined, width: number): Float32Array | undefined =>
        rows?.slice(start * width, (start + length) * width);
      const layers = new Map(
        this.#options.layers.map((layer, slot): [number, LayerSignature] => [
          layer,
          withoutUndefined({
            hidden: row(hidden, this.#hiddenLayers.indexOf(layer), i),
            gradient: row(gradient, slot, i),
            tokenGradients: positions(gradientAll?.get(layer), this.#width),
            hiddenAll: positions(hiddenAll?.get(layer), this.#width),
            tokenScores: positions(scores?.get(layer), 1),
          }),
        ]),
      );
      const ownNll = nll.slice(lossStart, lossStart + lossCount);
      const signature: Signature = {
        sample,
        loss: ownNll.reduce((sum, value) => sum + value, 0) / lossCount,
        nll: ownNll,
        layers,
      };
      const error = nonFinite(signature);
      if (error !== undefined) return { sample, error };
      if (this.#options.curve !== true) return signature;
      const states = this.#hiddenLayers.map((_, slot) => row(hidden, slot, i));
      return { ...signature, adjacentCosine: adjacentCosine(states) };
    });
  }
}

/** 1 / (response tokens of the sample) for each predicted token: each sample's loss is a mean, samples are added. */
function meanOverResponses({ places, lossRows }: PackedBatch): Float32Array<ArrayBuffer> {
  const scale = new Float32Array(lossRows.length);
  for (const { lossStart, lossCount } of places) scale.fill(1 / lossCount, lossStart, lossStart + lossCount);
  return scale;
}

/** NOT_FINITE, naming the sample and what is not finite, if anything is. */
function nonFinite({ sample, nll, layers }: Signature): ReptraceError | undefined {
  const failure = (what: string): ReptraceError =>
    new ReptraceError(
      'NOT_FINITE',
      `sample "${sample.name}": ${what} is not a finite number`,
      'The model overflows on this sample: check it for extreme input, and the model’s weights.',
    );
  if (!nll.every(Number.isFinite)) return failure('the loss');
  for (const [layer, parts] of layers) {
    for (const [part, values] of Object.entries(parts) as [string, Float32Array][]) {
      if (!values.every(Number.isFinite)) return failure(`${part} at layer ${layer}`);
    }
  }
  return undefined;
}

function withoutUndefined(parts: Record<keyof LayerSignature, Float32Array | undefined>): LayerSignature {
  return Object.fromEntries(
    Object.entries(parts).filter(([, values]) => values !== undefined),
  ) as unknown as LayerSignature;
}
