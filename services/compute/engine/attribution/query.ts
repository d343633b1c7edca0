/** What other samples are compared with: one output's signature, and the sums of its unit gradient rows. */
import type { Model } from '../model/model.ts';
import type { Sample } from './sample.ts';
import { signaturesOfBatch, type Signature } from './signature.ts';
import { cosine, unitRowSum } from './vectors.ts';

export interface Query {
  readonly signature: Signature;
  /** By layer, the sum of the query's unit gradient rows at p … T - 2: those that predict the response. */
  readonly sums: ReadonlyMap<number, Float32Array<ArrayBuffer>>;
}

/** Throws what kept the output from having a signature. */
export async function queryOf(model: Model, sample: Sample, layers: readonly number[]): Promise<Query> {
  const [signature] = await signaturesOfBatch(model, [sample], { layers, tokenGradients: true });
  if (signature === undefined) throw new Error('the query has no signature');
  if ('error' in signature) throw signature.error;
  const { inputIds, promptLength } = sample;
  const sums = new Map(
    [...signature.layers].map(([layer, { tokenGradients = new Float32Array() }]) => [
      layer,
      unitRowSum(tokenGradients, model.config.hiddenSize, promptLength - 1, inputIds.length - 1),
    ]),
  );
  return { signature, sums };
}

/**
 * alpha cos(h, h') + (1 - alpha) cos(g, g') at a layer that both signatures have: RepT's comparison with both halves of
 * unit length.
 */
export function pairScore(a: Signature, b: Signature, layer: number, alpha: number): number {
  const [one, other] = [a.layers.get(layer), b.layers.get(layer)];
  if (one === undefined || other === undefined) throw new Error(`a signature has no layer ${layer}`);
  return alpha * cosine(one.hidden, other.hidden) + (1 - alpha) * cosine(one.gradient, other.gradient);
}
