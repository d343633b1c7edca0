/**
 * What the engine knows of a set's rows and of traced outputs under a fine-tuned model and its base, for methods that look at
 * representations: hidden state and gradient at p for every layer, log ratios, lessons, and mean hidden states. In three passes
 * that are timed each, so that a method's cost counts those that it needs: the base's forward, the tuned model's forward and
 * back, and a forward that reads all positions.
 *
 * What is kept of a sample is (layers + 1) · 2 vectors, a mean, and its lesson: what comes of a batch is gone after it.
 */
import { byteSizeText } from '../../lib/byte-size.ts';
import { ReptraceError } from '../../lib/errors.ts';
import {
  CENTRE_ROWS,
  KEPT_TOKENS,
  PROJECTION_SEED,
  QUERY_TOKENS,
  TOKEN_DIMS,
} from '../../lib/taught/constants.ts';
import type { SampleBeginning, TaughtToken } from '../../lib/taught/lesson.ts';
import {
  adjacentCosine,
  chooseLayer,
  meanCurve,
  probeIndices,
} from '../../services/compute/engine/attribution/layer-choice.ts';
import {
  beginningOf,
  lessonOf,
  tokenRowsOf,
  type RowsOfSample,
} from '../../services/compute/engine/attribution/lessons.ts';
import { MeanRow } from '../../services/compute/engine/attribution/mean-row.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import type { Signature } from '../../services/compute/engine/attribution/signature.ts';
import type { ModelPair } from '../../services/compute/engine/attribution/taught-signatures.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import type { Features, Items, LayerFeatures } from './features.ts';
import type { TextPair } from './lab-samples.ts';
import { meanHidden } from './mean-hidden.ts';
import { baseLosses, sign } from './signing.ts';

/** Rows, or outputs: texts and samples of one order. */
export interface LabItems {
  readonly pairs: readonly TextPair[];
  readonly samples: readonly Sample[];
}

export interface Representations extends Omit<Features, 'rows' | 'outputs'> {
  readonly rows: Omit<Items, 'sentence' | 'checkpoints'>;
  readonly outputs: Omit<Items, 'sentence' | 'checkpoints'>;
  /** Mean response loss of the rows under either model, in nats. */
  readonly losses: { readonly base: number; readonly tuned: number };
  /** Of each pass over rows and outputs. */
  readonly seconds: { readonly base: number; readonly tuned: number; readonly mean: number };
}

export interface RepresentationOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((what: string, done: number, total: number) => void) | undefined;
}

/** What features may take of the host's memory, in bytes: a slice of a large model, all of a small one. */
const MOST_BYTES = 2 * 2 ** 30;

/**
 * @param rows one at least
 * Throws what keeps an item from having features (NOT_FINITE, PROMPT_TOO_LONG), which names it; REQUEST_TOO_LARGE for more than
 * the host is to hold; CANCELLED.
 */
export async function representationsOf(
  pair: ModelPair,
  rows: LabItems,
  outputs: LabItems,
  { signal, onProgress }: RepresentationOptions = {},
): Promise<Representations> {
  const { config } = pair.tuned;
  const samples = [...rows.samples, ...outputs.samples];
  checkSize(config, samples.length);
  const passOf = (what: string) => ({
    signal,
    onProgress: (done: number, total: number) => onProgress?.(what, done, total),
  });
  const base = await baseLosses(pair.base, samples, passOf('losses of the base model'));
  const collected = new Collected(config, rows.samples.length, outputs.samples.length);
  const tuned = await signProbesFirst(
    pair,
    samples,
    base.nll,
    collected,
    passOf('hidden states and gradients'),
  );
  const mean = await meanHidden(pair.tuned, samples, passOf('mean hidden states'));
  const count = rows.samples.length;
  const split = count * mean.vectors.dims;
  const { values, dims } = mean.vectors;
  return {
    rows: { ...collected.items(rows, 0), meanHidden: { dims, values: values.slice(0, split) } },
    outputs: { ...collected.items(outputs, count), meanHidden: { dims, values: values.slice(split) } },
    ...collected.ofRows(),
    losses: { base: meanLoss(base.nll.slice(0, count)), tuned: collected.meanLoss() },
    seconds: { base: base.seconds, tuned, mean: mean.seconds },
  };
}

/**
 * Lessons are measured from centres, of which each is the mean of some rows: those go first, so that of all others no token's row has
 * to be kept.
 * @returns seconds
 */
async function signProbesFirst(
  { tuned }: ModelPair,
  samples: readonly Sample[],
  baseNll: readonly Float64Array[],
  collected: Collected,
  pass: Parameters<typeof sign>[4],
): Promise<number> {
  const probes = probeIndices(collected.rowCount, CENTRE_ROWS);
  const isProbe = new Set(probes);
  const rest = samples.flatMap((_, i) => (isProbe.has(i) ? [] : [i]));
  const { layers: last } = tuned.config;
  const wanted = {
    layers: Array.from({ length: last + 1 }, (_, layer) => layer),
    tokenRows: { seed: PROJECTION_SEED },
  };
  const tokens = new MeanRow(TOKEN_DIMS);
  const beginning = new MeanRow(TOKEN_DIMS);
  const waiting: { readonly index: number; readonly rows: RowsOfSample }[] = [];
  const chosen = (indices: readonly number[]): Sample[] => indices.map((i) => samples[i]);
  const first = await sign(
    tuned,
    chosen(probes),
    wanted,
    (signature, i) => {
      const { hidden } = tokenRowsOf(signature);
      tokens.add(hidden);
      beginning.add(hidden.subarray(0, TOKEN_DIMS));
      waiting.push({ index: probes[i], rows: signature });
      collected.add(probes[i], signature, baseNll[probes[i]]);
    },
    pass,
  );
  const centres = { tokens: tokens.mean, beginning: beginning.mean };
  for (const { index, rows } of waiting) collected.teach(index, rows, centres);
  const second = await sign(
    tuned,
    chosen(rest),
    wanted,
    (signature, i) => {
      collected.add(rest[i], signature, baseNll[rest[i]]);
      collected.teach(rest[i], signature, centres);
    },
    pass,
  );
  return first + second;
}

/** What is kept of each sample: rows first, outputs after them. */
class Collected {
  readonly rowCount: number;
  readonly #width: number;
  readonly #layers: readonly { readonly hidden: Float32Array; readonly gradient: Float32Array }[];
  readonly #ratios: Float32Array[] = [];
  readonly #lessons: (readonly TaughtToken[])[] = [];
  readonly #beginnings: SampleBeginning[] = [];
  #loss = 0;

  constructor({ layers, hiddenSize }: ModelConfig, rows: number, outputs: number) {
    this.rowCount = rows;
    this.#width = hiddenSize;
    const size = (rows + outputs) * hiddenSize;
    this.#layers = Array.from({ length: layers + 1 }, () => ({
      hidden: new Float32Array(size),
      gradient: new Float32Array(size),
    }));
  }

  add(index: number, { nll, loss, layers }: Signature, baseNll: Float64Array): void {
    this.#ratios[index] = Float32Array.from(nll, (value, t) => baseNll[t] - value);
    if (index < this.rowCount) this.#loss += loss;
    for (const [layer, { hidden, gradient }] of layers) {
      this.#layers[layer].hidden.set(hidden, index * this.#width);
      this.#layers[layer].gradient.set(gradient, index * this.#width);
    }
  }

  /** @param centres of all predicting positions, and of p */
  teach(
    index: number,
    rows: RowsOfSample,
    centres: { readonly tokens: Float32Array; readonly beginning: Float32Array },
  ): void {
    const limit = index < this.rowCount ? KEPT_TOKENS : QUERY_TOKENS;
    this.#lessons[index] = lessonOf(rows, this.#ratios[index], centres.tokens, limit);
    this.#beginnings[index] = beginningOf(rows, this.#ratios[index], centres.beginning);
  }

  items({ pairs }: LabItems, from: number): Omit<Items, 'meanHidden' | 'sentence' | 'checkpoints'> {
    const to = from + pairs.length;
    const cut = (values: Float32Array) => ({
      dims: this.#width,
      values: values.slice(from * this.#width, to * this.#width),
    });
    const layers = this.#layers.map(({ hidden, gradient }, layer): [number, LayerFeatures] => [
      layer,
      { hidden: cut(hidden), gradient: cut(gradient) },
    ]);
    return {
      count: pairs.length,
      prompts: pairs.map(({ prompt }) => prompt),
      responses: pairs.map(({ response }) => response),
      layers: new Map(layers),
      ratios: this.#ratios.slice(from, to),
      lessons: this.#lessons.slice(from, to),
      beginnings: this.#beginnings.slice(from, to),
    };
  }

  /** Centres, and the layer that the curve over a few rows chooses. */
  ofRows(): Pick<Features, 'centres' | 'layer' | 'lastLayer' | 'curve'> {
    const rowOf = (values: Float32Array, i: number) =>
      values.subarray(i * this.#width, (i + 1) * this.#width);
    const probes = probeIndices(this.rowCount, CENTRE_ROWS);
    const centres = this.#layers.map(({ hidden }, layer): [number, Float32Array] => {
      const centre = new MeanRow(this.#width);
      for (const i of probes) centre.add(rowOf(hidden, i));
      return [layer, centre.mean];
    });
    const curve = meanCurve(
      probeIndices(this.rowCount).map((i) =>
        adjacentCosine(this.#layers.map(({ hidden }) => rowOf(hidden, i))),
      ),
    );
    const lastLayer = this.#layers.length - 1;
    return { centres: new Map(centres), layer: chooseLayer(curve), lastLayer, curve };
  }

  meanLoss(): number {
    return this.#loss / this.rowCount;
  }
}

function meanLoss(nll: readonly Float64Array[]): number {
  const means = nll.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}

function checkSize({ layers, hiddenSize }: ModelConfig, samples: number): void {
  const lesson = QUERY_TOKENS * TOKEN_DIMS * 2;
  const bytes = samples * 4 * ((layers + 1) * 2 * hiddenSize + hiddenSize + lesson);
  if (bytes <= MOST_BYTES) return;
  throw new ReptraceError(
    'REQUEST_TOO_LARGE',
    `the features of ${samples} rows and outputs at ${layers + 1} layers of ${hiddenSize} dimensions take ${byteSizeText(bytes)}`,
    'Evaluate fewer rows, or a smaller model.',
  );
}
