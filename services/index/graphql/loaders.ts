/** Entities of one request, read together: many references to one index or to its samples are one question to the store. */
import DataLoader from 'dataloader';
import type { RequestContext } from '../../../lib/mesh/service.ts';
import { isPrepared, type IndexRecord } from '../runs/index-record.ts';
import type { IndexRecords } from '../runs/index-records.ts';
import type { SignatureStore } from '../stores/signature-store.ts';
import type { SampleParent } from './parents.ts';
import { parseSampleId, publicId, type SampleKey } from './sample-id.ts';

export interface LoaderParts {
  readonly store: SignatureStore;
  readonly records: IndexRecords;
}

export interface Loaders {
  /** By id. null: there is none. */
  readonly index: DataLoader<string, IndexRecord | null>;
  /** By public id. */
  readonly sample: DataLoader<string, SampleParent | null>;
}

const KEY = 'index';

export function loadersOf(context: RequestContext, parts: LoaderParts): Loaders {
  const known = context.loaders.get(KEY);
  if (known !== undefined) return known as Loaders;
  const index = new DataLoader<string, IndexRecord | null>((ids) =>
    Promise.all(ids.map(async (id) => (await parts.records.get(id))?.value ?? null)),
  );
  const sample = new DataLoader<string, SampleParent | null>((ids) => loadSamples(parts, index, ids));
  const made = { index, sample };
  context.loaders.set(KEY, made);
  return made;
}

/** In the order of the ids. One read of the store for each index. */
async function loadSamples(
  { store }: LoaderParts,
  indexes: Loaders['index'],
  ids: readonly string[],
): Promise<(SampleParent | null)[]> {
  const keys = ids.map(parseSampleId).filter((key) => key !== null);
  const found = new Map<string, SampleParent>();
  for (const [index, points] of byIndex(keys)) {
    const record = await indexes.load(index);
    if (record === null || !isPrepared(record)) continue;
    for (const sample of await store.get(index, points)) {
      found.set(publicId(index, sample.id), { index, sample });
    }
  }
  return ids.map((id) => found.get(id) ?? null);
}

function byIndex(keys: readonly SampleKey[]): Map<string, string[]> {
  const points = new Map<string, string[]>();
  for (const { index, point } of keys) points.set(index, [...(points.get(index) ?? []), point]);
  return points;
}
