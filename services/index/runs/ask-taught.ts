/**
 * What the taught tokens of an index are made with: asked of a compute worker, over some of the dataset's rows, before the
 * first sample. Kept from then on, so that rows signed later are like those signed before.
 */
import { randomUUID } from 'node:crypto';
import type { Bus } from '../../../lib/bus/bus.ts';
import { call, serve } from '../../../lib/bus/procedure.ts';
import { ReptraceError } from '../../../lib/errors.ts';
import {
  preparationWanted,
  prepareTaught,
  type TaughtPreparation,
} from '../../../lib/mesh/compute-messages.ts';
import { CENTRE_ROWS, KEPT_TOKENS, METHOD, TOKEN_DIMS } from '../../../lib/taught/constants.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { centresDigest } from './hidden-centres.ts';
import type { IndexRecord, TaughtRecord } from './index-record.ts';
import { probeRows } from './probes.ts';

export interface PreparedTaught {
  readonly taught: TaughtRecord;
  readonly hiddenCentres: readonly Float32Array[];
}

/**
 * @param record with a base model, and its layers decided
 * Throws what `prepareTaught` throws, DATASET_CHANGED, and SHAPE_MISMATCH or NOT_FINITE for an answer that cannot be used.
 */
export async function askTaught(
  bus: Bus,
  record: IndexRecord,
  dataset: Dataset,
  signal: AbortSignal,
): Promise<PreparedTaught> {
  const { request, model, base, dataset: scanned } = record;
  const layers = record.layers?.layers;
  if (base === null || layers === undefined) throw new Error('an index without base or layers was asked for');
  const good = scanned.rows - scanned.badRows;
  const rows = await probeRows(dataset, scanned, good, bus.maxPayload / 2, CENTRE_ROWS);
  const question = {
    model: { digest: model.digest, path: model.path, adapter: model.loraPath ?? undefined },
    base: { digest: base.digest, path: base.path },
    ...{ layers, maxTokens: request.maxTokens, rows },
  };
  const found = await whileWanted(bus, (asked) =>
    call(bus, prepareTaught, { ...question, asked }, { signal }),
  );
  check(found, layers.length, model.hiddenSize);
  const { hiddenCentres } = found;
  return {
    taught: {
      ...{ method: METHOD, layer: model.layers, tokens: KEPT_TOKENS, dims: TOKEN_DIMS, seed: found.seed },
      centre: Array.from(found.centre),
      beginningCentre: Array.from(found.beginningCentre),
      hiddenCentres: centresDigest(hiddenCentres),
      centreRows: found.rows,
      nullRatios: [...found.nullRatios],
    },
    hiddenCentres,
  };
}

/** For as long as `work` takes, whoever does it for us is told so when it asks; from then on it stops. */
async function whileWanted<T>(bus: Bus, work: (asked: string) => Promise<T>): Promise<T> {
  const asked = randomUUID();
  const wanted = await serve(bus, preparationWanted(asked), () => Promise.resolve({ goOn: true }));
  try {
    return await work(asked);
  } finally {
    await wanted.close();
  }
}

function check(
  { centre, beginningCentre, hiddenCentres, nullRatios }: TaughtPreparation,
  layers: number,
  width: number,
): void {
  // Beyond the types: what a worker of another version leaves out is missing altogether.
  const rows: readonly (Float32Array | undefined)[] = [centre, beginningCentre];
  const centred = rows.every((row) => row?.length === TOKEN_DIMS);
  const fits = centred && hiddenCentres.length === layers;
  if (!fits || hiddenCentres.some(({ length }) => length !== width)) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `the worker's centres are of ${rows.map((row) => row?.length ?? 0).join(' and ')} numbers and ${hiddenCentres.length} layers, the index's of ${TOKEN_DIMS} and ${layers}`,
      'Run workers of the same version as the index service.',
    );
  }
  const all = [centre, beginningCentre, ...hiddenCentres, nullRatios];
  if (all.every((numbers) => numbers.every(Number.isFinite))) return;
  throw new ReptraceError(
    'NOT_FINITE',
    'the means over the rows of the dataset, or the ratios of the base model’s answers, are not finite',
    'The model or its base cannot work with this dataset in its precision: use the original weights.',
  );
}
