/**
 * What a build would take, asked before it: some of its rows rendered to count tokens, the model's memory planned by its shape,
 * the operations of all rows, and how fast this GPU does them. No weights go to the GPU; of files, some weights are read to
 * see how fast that is.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { ReptraceError } from '../../../lib/errors.ts';
import {
  PLAN_ROWS,
  type PlanAnswer,
  type PlannedMemory,
  type PlanQuestion,
  type TokenCounts,
} from '../../../lib/mesh/plan-messages.ts';
import { PROBE_ROWS } from '../engine/attribution/layer-choice.ts';
import { planWithin } from '../engine/attribution/load-model.ts';
import { planMemory, type MemoryPlan } from '../engine/attribution/memory-plan.ts';
import { BATCH_TOKENS } from '../engine/attribution/signature-batches.ts';
import { automaticRange, signatureFlops, type RowTokens } from '../engine/attribution/signature-flops.ts';
import { checkLayers } from '../engine/attribution/signature.ts';
import { trialSpeed } from '../engine/attribution/trial-run.ts';
import type { Gpu } from '../engine/device/gpu.ts';
import { logitsMadeTwice } from '../engine/model/head.ts';
import { bindingLimit } from '../engine/model/load-weights.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import { requireTokenizer } from '../engine/model/model-text.ts';
import { estimateSeconds } from './estimate.ts';
import type { GpuKeeper } from './gpu-keeper.ts';
import type { Lane } from './lane.ts';
import type { LoadedModels } from './loaded-models.ts';
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
/** Batches of one task of a build, about: those of a group are of one task. */
const TASK_BATCHES = 4;
/** Of weights, to see how fast they are read. */
const READ_BYTES = 32 << 20;

/** Throws as plan-messages.ts says. */
export async function planIndexing(
  { keeper, lane, models, memory: allowed }: PlanningParts,
  { model: ref, layers, maxTokens, rows: texts, toSign }: PlanQuestion,
): Promise<PlanAnswer> {
  const { source, description } = await models.inspect(ref, false);
  requireTokenizer(source);
  const { config } = source;
  if (layers !== 'auto') checkLayers(layers, source);
  const rendered = await renderAll(source, texts.slice(0, PLAN_ROWS), maxTokens);
  const { samples, tokens } = rendered;
  const range = layers === 'auto' ? automaticRange(config.layers) : layers;
  const lowest = Math.min(config.layers, ...range);
  const plan = await lane.run('question', async () =>
    memoryPlan(await keeper.healthy(), source, allowed, { longest: tokens.max, lowest }),
  );
  const memory = plannedMemory(plan, allowed);
  const counts = samples.map(countsOf);
  const signed = (toSign * samples.length) / Math.max(1, samples.length + tokens.failed);
  const flops =
    (samples.length === 0 ? 0 : signed / samples.length) * rowFlops(source, counts, lowest) +
    (layers === 'auto' ? probeFlops(source, counts, signed) : 0);
  const remembered = models.speeds.of(description.digest);
  const flopsPerSecond =
    remembered ??
    (samples.length === 0
      ? 0
      : await lane.run('question', async () => trialSpeed(await keeper.healthy(), source, samples, allowed)));
  const seconds = estimateSeconds({
    ...{ flops, flopsPerSecond, rows: signed, renderSecondsPerRow: rendered.secondsPerRow },
    // The model's own batches waited for weights themselves.
    streamedBytes: remembered === undefined ? streamedBytes(plan, signed * tokens.mean) : 0,
    loadedBytes: models.has(description.digest) ? 0 : plan.weights.total,
    bytesPerSecond: await readSpeed(source),
  });
  const speedOf = remembered === undefined ? 'trial' : 'batches';
  return {
    ...{ tokens, layers: [...new Set(range)], memory, flops, flopsPerSecond, speedOf, seconds },
  };
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
function rowFlops({ config }: ModelSource, rows: readonly RowTokens[], lowest: number): number {
  const length = rows.reduce((sum, row) => sum + row.length, 0);
  const predicted = rows.reduce((sum, row) => sum + row.predicted, 0);
  const logitsTwice = logitsMadeTwice(config.vocabSize, (BATCH_TOKENS * predicted) / Math.max(1, length));
  return signatureFlops(config, rows, { lowest, logitsTwice }).total;
}

/** Of the forward of the rows that `auto` looks at. */
function probeFlops({ config }: ModelSource, rows: readonly RowTokens[], signed: number): number {
  const { total } = signatureFlops(config, rows, { lowest: null, logitsTwice: false });
  return (total / Math.max(1, rows.length)) * Math.min(PROBE_ROWS, signed);
}

/** As the model would be loaded; where it has all of the device, for the rows of this build. */
function memoryPlan(
  gpu: Gpu,
  source: ModelSource,
  allowed: number | undefined,
  { longest, lowest }: { readonly longest: number; readonly lowest: number },
): Promise<MemoryPlan> {
  if (allowed !== undefined) return planWithin(gpu, source, allowed, {});
  return planMemory(source, {
    ...{ memory: null, batchTokens: BATCH_TOKENS, longestSample: longest, lowestLayer: lowest },
    bindingLimit: bindingLimit(gpu),
  });
}

function plannedMemory(plan: MemoryPlan, allowed: number | undefined): PlannedMemory {
  const { weights, activations, mode, weightsAtOnce } = plan;
  return { weights: weights.total, activations, available: allowed ?? null, mode, weightsAtOnce };
}

/** Weights that are read again while so many tokens are signed. */
function streamedBytes({ streaming }: MemoryPlan, tokens: number): number {
  if (streaming === null) return 0;
  const batches = Math.min(TASK_BATCHES, streaming.batches);
  return Math.ceil(tokens / BATCH_TOKENS / batches) * streaming.readPerGroup;
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
