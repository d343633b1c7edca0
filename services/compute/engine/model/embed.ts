/**
 * Hidden state 0: scaled embeddings of the ids, and of the positions where those are learned. In three steps, since the rows of
 * the embedding may come in parts: begin, add every part, end.
 */
import type { Matrix, Tensor } from '../device/tensor.ts';
import * as embedding from '../kernels/embedding.ts';
import * as residual from '../kernels/residual.ts';
import type { GpuBatch } from './batch.ts';
import type { BlockContext } from './block.ts';
import type { EndWeights, Projection, VocabularyPart } from './weights.ts';

/** A new tensor [rows, hiddenSize] for the tokens' embeddings. */
export function beginEmbedding({ scope, shape }: BlockContext, { rows }: GpuBatch): Tensor {
  return scope.take([rows, shape.hiddenSize]);
}

/** Fills in the rows of those ids that the part has. */
export function embedPart(
  { recorder, shape }: BlockContext,
  { projection, firstId }: VocabularyPart,
  { ids }: GpuBatch,
  out: Tensor,
): void {
  embedding.forward(recorder, { ids, table: tableOf(projection), firstId, out, scale: shape.embeddingScale });
}

/** Gives hidden state 0: `tokens` itself, or a new tensor in its place. */
export function endEmbedding(
  { recorder, scope }: BlockContext,
  { positions: learned }: EndWeights,
  { positions }: GpuBatch,
  tokens: Tensor,
): Tensor {
  if (learned === undefined) return tokens;
  const [ofPositions, out] = [scope.take(tokens.shape), scope.take(tokens.shape)];
  embedding.forward(recorder, { ids: positions, table: tableOf(learned), out: ofPositions });
  residual.forward(recorder, { a: tokens, b: ofPositions, out });
  scope.give(tokens, ofPositions);
  return out;
}

function tableOf({ parts }: Projection): Matrix[] {
  return parts.map(({ w }) => w);
}
