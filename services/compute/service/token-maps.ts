/**
 * Token maps (design: "Token level"). With unit gradient rows ĝ, and S the sum of one side's rows at p … T - 2 (those that
 * predict its response), averaged over that side, position j of the other side scores S·ĝ_j. The score shown on response
 * token t is that of row t - 1, which predicts it; on prompt token t < p that of row t; p itself shows none. With a base
 * model, response tokens also have their log ratios, from the same pass and one forward more.
 */
import type { ModelRef, Question, TextPair, TokenScore } from '../../../lib/mesh/compute-messages.ts';
import { batchByTokens, type Sample } from '../engine/attribution/sample.ts';
import { BATCH_TOKENS } from '../engine/attribution/signature-batches.ts';
import { dot, unitRowSum } from '../engine/attribution/vectors.ts';
import { requireTokenizer } from '../engine/model/model-text.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import { tokenTexts } from '../engine/model/token-texts.ts';
import type { LoadedModels } from './loaded-models.ts';
import { textOf } from './questions.ts';
import { renderQuestion, renderRow } from './rendering.ts';
import { signBatch, useWithBase } from './with-base.ts';

export interface TokenMapQuestion {
  readonly model: ModelRef;
  readonly layer: number;
  readonly maxTokens: number | null;
  /** The index is of plain text. */
  readonly raw: boolean;
  readonly base: ModelRef | null;
  readonly questions: readonly Question[];
  readonly samples: readonly TextPair[];
}

export interface TokenMaps {
  readonly questions: readonly (readonly TokenScore[])[];
  readonly samples: readonly (readonly TokenScore[])[];
}

/** A sample with its gradient at every position, [tokens, width]. */
interface Traced {
  readonly sample: Sample;
  readonly rows: Float32Array;
  /** Of each response token; null without a base. */
  readonly ratios: Float64Array | null;
}

/** At most two batches' gradients are held at once: the questions', where they fit one batch, and the current one's. */
export async function mapTokens(models: LoadedModels, request: TokenMapQuestion): Promise<TokenMaps> {
  const { layer, maxTokens, raw } = request;
  const source = await textOf(models, request, [layer]);
  const width = source.config.hiddenSize;
  const questions = request.questions.map((one, i) =>
    renderQuestion(source, one, maxTokens, `output ${i + 1}`, raw),
  );
  const samples = request.samples.map((one, i) => renderRow(source, one, maxTokens, `match ${i + 1}`));

  const gradients = (batch: readonly Sample[]): Promise<Traced[]> => gradientsOf(models, request, batch);
  const questionBatches = batchByTokens(questions, BATCH_TOKENS);
  const only = questionBatches.length === 1 ? await gradients(questions) : undefined;

  const asked = new MeanSum(width);
  for (const batch of questionBatches) asked.add(only ?? (await gradients(batch)));
  const answered = new MeanSum(width);
  const sampleScores: TokenScore[][] = [];
  for (const batch of batchByTokens(samples, BATCH_TOKENS)) {
    const traced = await gradients(batch);
    answered.add(traced);
    sampleScores.push(...traced.map((one) => scoresOf(source, one, asked.mean)));
  }
  const questionScores: TokenScore[][] = [];
  for (const batch of questionBatches) {
    questionScores.push(
      ...(only ?? (await gradients(batch))).map((one) => scoresOf(source, one, answered.mean)),
    );
  }
  return { questions: questionScores, samples: sampleScores };
}

/** Throws NOT_FINITE with the sample's name. */
async function gradientsOf(
  models: LoadedModels,
  request: TokenMapQuestion,
  batch: readonly Sample[],
): Promise<Traced[]> {
  const { layer } = request;
  const wanted = { layers: [layer], tokenGradients: true };
  const results = await useWithBase(models, request, 'question', (loaded) =>
    signBatch(loaded, batch, wanted),
  );
  return results.map((result) => {
    if ('error' in result) throw result.error;
    const rows = result.layers.get(layer)?.tokenGradients;
    if (rows === undefined) throw new Error(`a signature has no token gradients at layer ${layer}`);
    return { sample: result.sample, rows, ratios: result.ratios };
  });
}

/** The mean over samples of the sums of their unit rows at p … T - 2. */
class MeanSum {
  readonly #sum: Float64Array;
  #count = 0;

  constructor(width: number) {
    this.#sum = new Float64Array(width);
  }

  add(traced: readonly Traced[]): void {
    for (const { sample, rows } of traced) {
      const { inputIds, promptLength } = sample;
      const one = unitRowSum(rows, this.#sum.length, promptLength - 1, inputIds.length - 1);
      for (let i = 0; i < one.length; i++) this.#sum[i] += one[i];
      this.#count += 1;
    }
  }

  /** Zeros for no samples. */
  get mean(): Float64Array {
    const count = Math.max(1, this.#count);
    return this.#sum.map((value) => value / count);
  }
}

function scoresOf(source: ModelSource, { sample, rows, ratios }: Traced, sum: Float64Array): TokenScore[] {
  const { inputIds, promptLength } = sample;
  const p = promptLength - 1;
  const texts = tokenTexts(requireTokenizer(source), inputIds);
  return texts.map((text, position) => ({
    text,
    score: position === p ? 0 : scoreOf(rows, position < p ? position : position - 1, sum),
    taught: position < promptLength ? null : (ratios?.[position - promptLength] ?? null),
    part: position < promptLength ? 'PROMPT' : 'RESPONSE',
    position,
  }));
}

/** S·ĝ at a row; 0 for a row of zeros. */
function scoreOf(rows: Float32Array, row: number, sum: Float64Array): number {
  const vector = rows.subarray(row * sum.length, (row + 1) * sum.length);
  const norm = Math.sqrt(dot(vector, vector));
  return norm === 0 ? 0 : dot(vector, sum) / norm;
}
