/** Which layers an index will have: asked of a compute worker, with the dataset's probes where it is to choose. */
import type { Bus } from '../../../lib/bus/bus.ts';
import { call } from '../../../lib/bus/procedure.ts';
import { decideLayers, type LayerDecision } from '../../../lib/mesh/compute-messages.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { IndexRecord } from './index-record.ts';
import { probeRows } from './probes.ts';

/** Throws what `decideLayers` throws, and DATASET_CHANGED. */
export async function askLayers(
  bus: Bus,
  { request, model, dataset: scanned }: IndexRecord,
  dataset: Dataset,
  signal: AbortSignal,
): Promise<LayerDecision> {
  const { layers, maxTokens } = request;
  const good = scanned.rows - scanned.badRows;
  const probes = layers === 'auto' ? await probeRows(dataset, scanned, good, bus.maxPayload / 2) : [];
  const ref = { digest: model.digest, path: model.path, adapter: model.loraPath ?? undefined };
  return call(bus, decideLayers, { model: ref, layers, maxTokens, probes }, { signal });
}
