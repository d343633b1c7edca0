/**
 * What a build would take, asked before it: some of its rows rendered to count tokens, the model's memory planned by its shape,
 * the operations of all rows, and how fast this GPU does them. No weights go to the GPU; of files, some weights are read to
 * see how fast that is.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { ReptraceError } from '../../../lib/errors.ts';
import type { ModelRef } from '../../../lib/mesh/compute-messages.ts';
import {
  PLAN_ROWS,
  type PlanAnswer,
  type PlanQuestion,
  type TokenCounts,
} from '../../../lib/mesh/plan-messages.ts';
import { CENTRE_ROWS, NULL_OUTPUTS, NULL_TOKENS } from '../../../lib/taught/constants.ts';
import { PROBE_ROWS } from '../engine/attribution/layer-choice.ts';
import { BATCH_TOKENS } from '../engine/attribution/signature-batches.ts';
import { automaticRange, signatureFlops, type RowTokens } from '../engine/attribution/signature-flops.ts';
import { checkLayers } from '../engine/attribution/signature.ts';
import { trialSpeed } from '../engine/attribution/trial-run.ts';
import { assertFits, assertOther } from '../engine/model/fitting-base.ts';
import { logitsMadeTwice } from '../engine/model/head.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import { requireTokenizer } from '../engine/model/model-text.ts';
import { estimateSeconds } from './estimate.ts';
import type { GpuKeeper } from './gpu-keeper.ts';
import type { Lane } from './lane.ts';
import type { Inspected, LoadedModels } from './loaded-models.ts';
import { generationBytes, loadedBytes, plannedMemory, planModels, streamedBytes } from './models-memory.ts';
import { ofBase } from './of-base.ts';
import { renderRow, type NamedSample } from './rendering.ts';

export interface PlanningParts {
  readonly keeper: GpuKeeper;
  readonly lane: Lane;
  readonly models: LoadedModels;
  /** Bytes of the GPU that models may use; undefined for all that there are. */
  readonly memory: number | undefined;
}

const KEPT_FAILURES = 20;
/** Milliseconds of rendering before others get their turn. */
const RENDER_MS = 20;
/** Of weights, to see how fast they are read. */
const READ_BYTES = 32 << 20;

/** Throws as plan-messages.ts says. */
export async function planIndexing(
  { keeper, lane, models, memory: allowed }: PlanningParts,
  { model: ref, base: baseRef, layers, maxTokens, rows: texts, toSign }: PlanQuestion,
): Promise<PlanAnswer> {
  const inspected = await models.inspect(ref, false);
  const { source, description } = inspected;
  requireTokenizer(source);
  const { config } = source;
  if (layers !== 'auto') checkLayers(layers, source);
  const base = baseRef === null ? null : await inspectBase(models, inspected, baseRef);
  const rendered = await renderAll(source, texts.slice(0, PLAN_ROWS), maxTokens);
  const { samples, tokens } = rendered;
  const range = layers === 'auto' ? automaticRange(config.layers) : layers;
  const lowest = Math.min(config.layers, ...range);
  const plan = await lane.run('question', async () =>
    planModels(await keeper.healthy(), { source, base: base?.source ?? null }, allowed, {
      ...{ longest: tokens.max, lowest },
    }),
  );
  const counts = samples.map(countsOf);
  const signed = (toSign * samples.length) / Math.max(1, samples.length + tokens.failed);
  const flops =
    (samples.length === 0 ? 0 : signed / samples.length) *
      rowFlops(source, counts, { lowest, taught: base !== null }) +
    (layers === 'auto' ? probeFlops(source, counts, signed) : 0);
  const preparation = base === null ? NOTHING : preparationOf(source, counts, signed);
  const remembered = models.speeds.of(description.digest);
  const flopsPerSecond =
    remembered ??
    (samples.length === 0
      ? 0
      : await lane.run('question', async () => trialSpeed(await keeper.healthy(), source, samples, allowed)));
  const isLoaded = models.has(description.digest) && (base === null || models.has(base.description.digest));
  const seconds = estimateSeconds({
    ...{ flops, flopsPerSecond, rows: signed, renderSecondsPerRow: rendered.secondsPerRow },
    // The model's own batches waited for weights themselves.
    streamedBytes: remembered === undefined ? streamedBytes(plan, signed * tokens.mean) : 0,
    loadedBytes: isLoaded ? 0 : loadedBytes(plan),
    bytesPerSecond: await readSpeed(source),
    preparation: {
      flops: preparation.flops,
      // The base reads none of them again: its losses are those of the generation.
      streamedBytes:
        streamedBytes({ ...plan, base: null }, preparation.readTokens) +
        generationBytes(plan, preparation.generatedTokens),
    },
  });
  return {
    ...{ tokens, layers: [...new Set(range)], memory: plannedMemory(plan, allowed) },
    ...{ flops, flopsPerSecond, speedOf: remembered === undefined ? 'trial' : 'batches', seconds },
  };
}

/** Throws what keeps it from being the base, as far as the files say. */
async function inspectBase(
  models: LoadedModels,
  { source, description }: Inspected,
  ref: ModelRef,
): Promise<Inspected> {
  const base = await ofBase(models.inspect(ref, false));
  assertFits(source, base.source);
  const { digest, path } = base.description;
  assertOther(description.digest ?? undefined, digest ?? undefined, path);
  return base;
}

interface Rendered {
  readonly samples: readonly NamedSample[];
  readonly tokens: TokenCounts;
  readonly secondsPerRow: number;
}

/** As a build renders them; what a build would report as failed is counted. */
async function renderAll(
  source: ModelSource,
  texts: PlanQuestion['rows'],
  maxTokens: number | null,
): Promise<Rendered> {
  const samples: NamedSample[] = [];
  const failures: TokenCounts['failures'][number][] = [];
  let [seconds, since] = [0, performance.now()];
  for (const [index, text] of texts.entries()) {
    try {
      samples.push(renderRow(source, text, maxTokens, `row ${index}`));
    } catch (error) {
      if (!(error instanceof ReptraceError)) throw error;
      const { code, message } = error.cause instanceof ReptraceError ? error.cause : error;
      failures.push({ index, code, reason: message });
    }
    const spent = performance.now() - since;
    if (spent < RENDER_MS && index < texts.length - 1) continue;
    seconds += spent / 1000;
    await turn();
    since = performance.now();
  }
  const lengths = samples.map(({ inputIds }) => inputIds.length).sort((a, b) => a - b);
  const tokens = {
    rows: samples.length,
    mean: lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length),
    p95: lengths[Math.ceil(0.95 * lengths.length) - 1] ?? 0,
    max: lengths.at(-1) ?? 0,
    truncated: samples.filter(({ truncated }) => truncated).length,
    failures: failures.slice(0, KEPT_FAILURES),
    failed: failures.length,
  };
  return { samples, tokens, secondsPerRow: seconds / Math.max(1, texts.length) };
}

function countsOf({ inputIds, promptLength }: NamedSample): RowTokens {
  return { length: inputIds.length, predicted: inputIds.length - promptLength };
}

/** Of all these rows, in batches as full as a build's. */
function rowFlops(
  { config }: ModelSource,
  rows: readonly RowTokens[],
  { lowest, taught }: { readonly lowest: number; readonly taught: boolean },
): number {
  const length = rows.reduce((sum, row) => sum + row.length, 0);
  const predicted = rows.reduce((sum, row) => sum + row.predicted, 0);
  const logitsTwice = logitsMadeTwice(config.vocabSize, (BATCH_TOKENS * predicted) / Math.max(1, length));
  return signatureFlops(config, rows, { lowest, logitsTwice, taught }).total;
}

interface Preparation {
  readonly flops: number;
  readonly readTokens: number;
  readonly generatedTokens: number;
}

const NOTHING: Preparation = { flops: 0, readTokens: 0, generatedTokens: 0 };

/** Of prepare-taught.ts: some rows forward, outputs of the base to some of their prompts, and those forward through the model. */
function preparationOf(source: ModelSource, rows: readonly RowTokens[], signed: number): Preparation {
  if (rows.length === 0) return NOTHING;
  const centre = Math.min(CENTRE_ROWS, signed) / rows.length;
  const outputs = Math.min(NULL_OUTPUTS, signed) / rows.length;
  const answered = rows.map(({ length, predicted }) => ({
    length: length - predicted + NULL_TOKENS,
    predicted: NULL_TOKENS,
  }));
  const forward = (some: readonly RowTokens[]): number =>
    signatureFlops(source.config, some, { lowest: null, logitsTwice: false }).total;
  const tokensOf = (some: readonly RowTokens[]): number => some.reduce((sum, { length }) => sum + length, 0);
  return {
    flops: centre * forward(rows) + outputs * 2 * forward(answered),
    readTokens: centre * tokensOf(rows) + outputs * tokensOf(answered),
    generatedTokens: outputs * tokensOf(answered),
  };
}

/** Of the forward of the rows that `auto` looks at. */
function probeFlops({ config }: ModelSource, rows: readonly RowTokens[], signed: number): number {
  const { total } = signatureFlops(config, rows, { lowest: null, logitsTwice: false });
  return (total / Math.max(1, rows.length)) * Math.min(PROBE_ROWS, signed);
}

/** Bytes of weights a second, over some of them. */
async function readSpeed(source: ModelSource): Promise<number> {
  const reader = await source.openWeights();
  const begun = performance.now();
  let bytes = 0;
  try {
    await reader.read([...source.tensors.keys()], (_name, _info, chunk) => {
      bytes += chunk.byteLength;
      if (bytes >= READ_BYTES) throw new Enough();
    });
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  } finally {
    await reader.close();
  }
  return bytes / Math.max(1e-6, (performance.now() - begun) / 1000);
}

/** Ends a reading that has told what was to be known. */
class Enough extends Error {}
