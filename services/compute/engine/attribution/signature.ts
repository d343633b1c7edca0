/**
 * Signatures: for each sample the hidden state and the gradient of its mean response loss at p = promptLength - 1, at the
 * asked layers (RepT, arXiv 2510.02334).
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { Model } from '../model/model.ts';
import { cutBySample } from './cut-by-sample.ts';
import { groupBatches } from './group-batches.ts';
import { sentOf, startGroup, type Sent } from './group-run.ts';
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
  /** Also the rows that predict the response, projected (token-projection.ts). Of layer L, whatever `layers` has. */
  readonly tokenRows?: { readonly seed: number } | undefined;
  /** Nothing goes back: gradients, those of token rows too, come out empty. Default false. */
  readonly forwardOnly?: boolean;
}

/** [response tokens, TOKEN_DIMS] each, projected: hidden state L where a token is predicted, and the loss's gradient there. */
export interface TokenRows {
  readonly hidden: Float32Array;
  readonly gradient: Float32Array;
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
  readonly tokenRows?: TokenRows;
}

/** A sample's signature, or why it has none. */
export type SignatureResult = Signature | { readonly sample: Sample; readonly error: ReptraceError };

/** Throws LAYER_NOT_FOUND unless every layer is a whole number from 0 to L. */
export function checkLayers(layers: readonly number[], model: Pick<Model, 'config'>): void {
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
  model: Model,
  samples: readonly Sample[],
  options: SignatureOptions,
): Promise<SignatureResult[]> {
  checkSamples(model, samples, options);
  if (samples.length === 0) return [];
  const results: SignatureResult[] = [];
  // One group, unless memory is bounded and too little for the batch as it is.
  for await (const group of groupBatches(model, [samples], options)) {
    results.push(...(await signaturesOfGroup(model, group, options)).flat());
  }
  return results;
}

/**
 * The same of several batches, none of them empty: to the last bit what they give one by one. Where weights are streamed,
 * they are read once for all; else there is nothing to gain. `groupBatches` says which fit the memory together.
 */
export async function signaturesOfGroup(
  model: Model,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<SignatureResult[][]> {
  return (await startSignatures(model, batches, options)).results;
}

/** The same, up to where results would be waited for: other work can be recorded and sent before. */
export async function startSignatures(
  model: Model,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<Sent<SignatureResult[]>> {
  for (const batch of batches) checkSamples(model, batch, options);
  const { results } = await startGroup(model, batches, options);
  return sentOf(results.then((all) => all.map((result) => cutBySample(result, options))));
}

function checkSamples(model: Model, samples: readonly Sample[], { layers }: SignatureOptions): void {
  checkLayers(layers, model);
  for (const sample of samples) checkSample(sample, model.config);
}
