/** What the worker answers by request and reply, but for token maps (token-maps.ts). Each throws as compute-messages.ts says. */
import { ReptraceError } from '../../../lib/errors.ts';
import type {
  LayerDecision,
  LayerVectors,
  ModelRef,
  Question,
  QuestionLesson,
  SignedQuestion,
  TaughtSetup,
  TextPair,
} from '../../../lib/mesh/compute-messages.ts';
import { INCIDENT_TOKENS, QUERY_TOKENS } from '../../../lib/taught/constants.ts';
import { automaticLayer } from '../engine/attribution/automatic-layer.ts';
import { batchByTokens } from '../engine/attribution/sample.ts';
import { BATCH_TOKENS } from '../engine/attribution/signature-batches.ts';
import { checkLayers, type Signature } from '../engine/attribution/signature.ts';
import { answerPrompts } from '../engine/generation/answer.ts';
import { requireTokenizer } from '../engine/model/model-text.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import type { LoadedModel, LoadedModels } from './loaded-models.ts';
import { renderProbes, renderQuestion } from './rendering.ts';
import {
  lessonBeginning,
  lessonOptions,
  lessonTokens,
  requireRatios,
  signBatch,
  useWithBase,
  type SignedWithBase,
} from './with-base.ts';

export interface LayerQuestion {
  readonly model: ModelRef;
  readonly layers: 'auto' | readonly number[];
  readonly maxTokens: number | null;
  readonly probes: readonly TextPair[];
}

export async function decideLayers(
  models: LoadedModels,
  { model: ref, layers, maxTokens, probes }: LayerQuestion,
): Promise<LayerDecision> {
  return models.use(ref, 'question', async ({ model, source }) => {
    requireTokenizer(source);
    checkMaxTokens(maxTokens, source);
    if (layers !== 'auto') {
      if (layers.length === 0) throw invalid('no layer is named', 'Name at least one layer, or auto.');
      checkLayers(layers, model);
      return { layers: [...new Set(layers)].sort((a, b) => a - b), rule: 'named', curve: [], probes: 0 };
    }
    const rendered = await renderProbes(source, probes, {
      maxTokens,
      most: probes.length,
      purpose: 'to choose a layer by',
    });
    const samples = rendered.map(({ sample }) => sample);
    const decision = await automaticLayer(model, samples);
    return { layers: [decision.layer], rule: decision.rule, curve: decision.curve, probes: decision.probes };
  });
}

export interface SignRequest {
  readonly model: ModelRef;
  readonly layers: readonly number[];
  readonly maxTokens: number | null;
  /** The index is of plain text. */
  readonly raw: boolean;
  readonly taught: TaughtSetup | null;
  readonly questions: readonly Question[];
}

export async function signQuestions(
  models: LoadedModels,
  { model, layers, maxTokens, raw, taught, questions }: SignRequest,
): Promise<SignedQuestion[]> {
  const refs = { model, base: taught?.base ?? null };
  const source = await textOf(models, refs, layers);
  const samples = questions.map((question, i) =>
    renderQuestion(source, question, maxTokens, `output ${i + 1}`, raw),
  );
  const signed: SignedQuestion[] = [];
  const limit = Math.min(QUERY_TOKENS, Math.floor(INCIDENT_TOKENS / questions.length));
  for (const batch of batchByTokens(samples, BATCH_TOKENS)) {
    const results = await useWithBase(models, refs, 'question', (loaded) =>
      signBatch(loaded, batch, { layers, ...lessonOptions(taught) }),
    );
    for (const result of results) {
      if ('error' in result) throw result.error;
      const { truncated } = samples[signed.length];
      const lesson = taught === null ? null : questionLesson(result, taught, limit);
      signed.push({ layers: layerVectors(result, layers), loss: result.loss, truncated, lesson });
    }
  }
  return signed;
}

function questionLesson(result: SignedWithBase, taught: TaughtSetup, limit: number): QuestionLesson {
  return {
    ratios: Float32Array.from(requireRatios(result.ratios)),
    tokens: lessonTokens(result, taught, limit),
    beginning: lessonBeginning(result, taught),
  };
}

/** What a model reads text with; throws LAYER_NOT_FOUND for layers that it does not have, before anything is computed. */
export function textOf(
  models: LoadedModels,
  refs: { readonly model: ModelRef; readonly base: ModelRef | null },
  layers: readonly number[],
): Promise<ModelSource> {
  return useWithBase(models, refs, 'question', ({ model, source }) => {
    checkLayers(layers, model);
    return Promise.resolve(source);
  });
}

/** In the order of `layers`. */
export function layerVectors(signature: Signature, layers: readonly number[]): LayerVectors[] {
  return layers.map((layer) => {
    const found = signature.layers.get(layer);
    if (found === undefined) throw new Error(`a signature has no layer ${layer}`);
    return { layer, hidden: found.hidden, gradient: found.gradient };
  });
}

export interface GenerationRequest {
  readonly model: ModelRef;
  readonly prompts: readonly string[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
}

export interface ShortAnswer {
  readonly text: string;
  /** False when maxTokens cut it off. */
  readonly finished: boolean;
}

const MAX_PROMPTS = 32;
const MAX_NEW_TOKENS = 4096;

/** Also describes the model that answered. Throws INPUT_INVALID for what is out of bounds. */
export async function generateAnswers(
  models: LoadedModels,
  request: GenerationRequest,
): Promise<{ readonly model: LoadedModel['description']; readonly answers: readonly ShortAnswer[] }> {
  const { model: ref, prompts, maxTokens, temperature, seed } = request;
  checkRange('the number of prompts', prompts.length, 1, MAX_PROMPTS);
  checkRange('maxTokens', maxTokens, 1, MAX_NEW_TOKENS);
  checkRange('seed', seed, 0, 2 ** 32 - 1);
  if (!(temperature >= 0 && temperature <= 100)) {
    throw invalid(
      `temperature ${temperature} is not a number from 0 to 100`,
      'Use 0 for the likeliest answer, or about 1.',
    );
  }
  return models.use(ref, 'question', async ({ model, source, description }) => {
    const answers = await answerPrompts(model, source, prompts, { maxTokens, temperature, seed });
    return {
      model: description,
      answers: answers.map(({ output, finish }) => ({ text: output, finished: finish === 'end' })),
    };
  });
}

/** Throws INPUT_INVALID. */
export function checkMaxTokens(maxTokens: number | null, { config }: ModelSource): void {
  if (maxTokens !== null) checkRange('maxTokens', maxTokens, 2, config.maxPositions);
}

function checkRange(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(`${what} is ${value}`, `It is a whole number from ${least} to ${most}.`);
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', message, remedy);
}
