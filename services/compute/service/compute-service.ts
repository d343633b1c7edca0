/**
 * The compute service: a stateless worker with one GPU. It answers questions over the bus, takes batches of builds from the
 * work queue, and has its part of the graph. Without a GPU it runs all the same, and says why in every answer.
 */
import { endedWithin } from '../../../lib/bus/bounded.ts';
import type { Bus, Closable } from '../../../lib/bus/bus.ts';
import { cacheFolder } from '../../../lib/cache-folder.ts';
import { serve } from '../../../lib/bus/procedure.ts';
import type { Log } from '../../../lib/log.ts';
import {
  decideLayers,
  describeBase,
  describeModel,
  describeWorker,
  generateAnswers,
  mapTokens,
  prepareTaught,
  signQuestions,
} from '../../../lib/mesh/compute-messages.ts';
import { inspectModel, planIndexing } from '../../../lib/mesh/plan-messages.ts';
import type { Service } from '../../../lib/mesh/service.ts';
import type { Settings } from '../../../lib/mesh/settings.ts';
import type { Records } from '../../../lib/records/records.ts';
import { computeSubgraph } from '../graphql/subgraph.ts';
import { streamingNotice } from '../engine/attribution/load-model.ts';
import type { GpuOptions } from '../engine/device/gpu.ts';
import { tuneFor } from '../engine/tuning/tune.ts';
import { GpuKeeper } from './gpu-keeper.ts';
import { Lane } from './lane.ts';
import { LoadedModels } from './loaded-models.ts';
import { ModelDigests } from './model-digests.ts';
import { ModelFinder } from './model-finder.ts';
import * as planning from './planning.ts';
import type { PlanningParts } from './planning.ts';
import * as preparation from './prepare-taught.ts';
import * as questions from './questions.ts';
import { startSignWorker } from './sign-worker.ts';
import { stillWanted } from './still-wanted.ts';
import * as tokenMaps from './token-maps.ts';

/** How long closing waits for what computes; the device is destroyed under it then. */
const CLOSING_MS = 2_000;

export interface ComputeParts {
  readonly bus: Bus;
  readonly settings: Settings;
  readonly records: Records;
  readonly log: Log;
  readonly gpu?: GpuOptions;
  /** Told what the worker's log says of interest to whoever runs it at a terminal. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** Throws BUS_UNREACHABLE; a missing GPU shows in `ready()` and in every answer. */
export async function startComputeService({
  bus,
  settings,
  records,
  log,
  gpu = {},
  onNotice,
}: ComputeParts): Promise<Service> {
  const keeper = await GpuKeeper.open(gpu, log);
  const lane = new Lane();
  const digests = new ModelDigests(records);
  const finder = new ModelFinder(settings, digests, log);
  const models = new LoadedModels({
    ...{ keeper, lane, finder, digests, records, memory: settings.gpuMemory },
    quantized: settings.ggufWeights === 'quantized' ? 'keep' : 'widen',
    tune: (device, source) =>
      tuneFor(device, source, {
        ...{ mode: settings.tune, folder: cacheFolder() },
        say: (text) => {
          log.info(text);
          onNotice?.(text);
        },
      }),
    onStreaming: (plan, memory) => {
      const text = streamingNotice(plan, memory);
      log.warn({ weights: plan.weights.total, memory, ...plan.streaming }, text);
      onNotice?.(text);
    },
  });
  const opened: Closable[] = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll(opened, lane, keeper));
  try {
    for (const answer of answers(bus, log, { keeper, lane, models, memory: settings.gpuMemory })) {
      opened.push(await answer());
    }
    if (keeper.failure === undefined) opened.push(await startSignWorker({ bus, models, keeper, log }));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name: 'compute',
    schema: computeSubgraph({ keeper, models, records }),
    ready: async () => {
      if (keeper.failure !== undefined) throw keeper.failure;
      await Promise.all([bus.ping(), records.ping()]);
    },
    close,
  };
}

/** What is served, each opened by a call. */
function answers(bus: Bus, log: Log, parts: PlanningParts): (() => Promise<Closable>)[] {
  const { keeper, models } = parts;
  return [
    () => serve(bus, describeModel, ({ model }) => models.describe(model)),
    () => serve(bus, describeBase, ({ model, base }) => models.describeBase(model, base)),
    () =>
      serve(bus, prepareTaught, (request) =>
        preparation.prepareTaught(models, request, () => stillWanted(bus, request.asked, log)),
      ),
    () =>
      serve(bus, inspectModel, async ({ model, identify }) => {
        return (await models.inspect(model, identify)).description;
      }),
    () => serve(bus, planIndexing, (question) => planning.planIndexing(parts, question)),
    () => serve(bus, decideLayers, (request) => questions.decideLayers(models, request)),
    () =>
      serve(bus, signQuestions, async (request) => {
        return { signatures: await questions.signQuestions(models, request) };
      }),
    () => serve(bus, mapTokens, (request) => tokenMaps.mapTokens(models, request)),
    () =>
      serve(bus, generateAnswers, async (request) => {
        const { answers: texts } = await questions.generateAnswers(models, request);
        return { answers: texts };
      }),
    () =>
      serve(bus, describeWorker, () => {
        const { software, features } = keeper.report;
        return Promise.resolve({
          adapterName: keeper.adapterName,
          software,
          features,
          models: models.list(),
        });
      }),
  ];
}

/** What waits for the GPU is refused, what is unfinished goes back to the queue. */
async function closeAll(opened: Closable[], lane: Lane, keeper: GpuKeeper): Promise<void> {
  const all = [lane.close(), ...opened.splice(0).map((one) => one.close())];
  await endedWithin(CLOSING_MS, Promise.all(all));
  keeper.close();
}
